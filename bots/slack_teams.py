"""Slack's workspaces as Clout's teams: `slack:ENTERPRISE:WORKSPACE`, with `-` where there is none."""

from slack_bolt.async_app import AsyncBoltContext

NONE = "-"


def workspace_of(context: AsyncBoltContext) -> str:
    """Return the workspace Clout is installed in, not the one a guest of a shared channel comes from."""
    installed = context.authorize_result
    return (installed.team_id if installed is not None else None) or context.team_id or NONE


def name_of_team(context: AsyncBoltContext) -> str:
    """Return what the workspace is called in which Clout is installed, empty where Slack did not say."""
    installed = context.authorize_result
    return (installed.team if installed is not None else None) or ""


def team_of(context: AsyncBoltContext) -> str:
    """Return the team that something happened in."""
    installed = context.authorize_result
    enterprise = (installed.enterprise_id if installed is not None else None) or context.enterprise_id
    return team_id(enterprise, workspace_of(context))


def team_id(enterprise: str | None, workspace: str | None) -> str:
    """Return the team of Slack's two ids."""
    return f"slack:{enterprise or NONE}:{workspace or NONE}"


def ids_of(team: str) -> tuple[str | None, str]:
    """Return enterprise and workspace of a team; raises ValueError for a team of another platform."""
    platform, enterprise, workspace = team.split(":")
    if platform != "slack":
        raise ValueError("no team of Slack")
    return None if enterprise == NONE else enterprise, workspace


def everyone_in(enterprise: str) -> str:
    """Return what all teams of an organisation begin with."""
    return f"slack:{enterprise}:"
