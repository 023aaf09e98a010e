"""When a pattern counts as unusual: the thresholds of core/authenticity.py, as data.

Every figure carries its unit and where it comes from; "own" marks a design choice. All are start values.
"""

from collections.abc import Mapping
from types import MappingProxyType

from core.models import Model


class LikesAComment(Model):
    """How many likes stand beside one comment on a network, as ln(likes / comments): median and robust sd."""

    median: float
    deviation: float
    source: str


class Patterns(Model):
    """The thresholds of every flag and of the deduction."""

    # ghost audience (HypeAuditor)
    ghost_share: float = 1 / 8  # of the reactions that peers of the size draw
    ghost_followers: int = 5_000  # followers from which it is judged
    ghost_posts: int = 8

    # follower jump (published rule of thumb; figures own)
    jump_deviations: float = 6.0  # median absolute deviations above the median daily growth
    jump_growth: float = 0.03  # growth of ln followers a day
    jump_least: int = 100  # followers gained; below that a good day of a small account would count (own)
    jump_steps: int = 4  # readings apart by a day or more that say what is usual (own)
    jump_post: float = 3.0  # times the typical post that explain a jump
    jump_post_days: float = 3.0  # days around the jump in which such a post explains it
    jump_lost: float = 0.5  # share of the gain that is lost again
    jump_lost_days: float = 21.0  # days

    # too even (own)
    even_variation: float = 0.08  # coefficient of variation of likes
    even_posts: int = 12
    even_likes: float = 20.0  # mean likes; fewer are alike by chance (own)

    # likes beside comments (HypeAuditor)
    comment_deviations: float = 3.0  # robust standard deviations
    comment_posts: int = 8
    comment_likes: int = 100  # likes in all; fewer make no ratio (own)

    # pod-like (own; Pod People, WWW 2020)
    pod_ratio: float = 0.5  # comments a like
    pod_reactions: float = 500.0  # weighted reactions a post, below which it is judged
    pod_posts: int = 8
    pod_comments: float = 5.0  # mean comments a post; fewer are a talk among friends (own)

    # mass follow (twitter/the-algorithm)
    follow_following: int = 2_500
    follow_steepness: float = 3.0
    follow_factor: float = 5.0  # flag from this factor on
    follow_factor_most: float = 50.0

    # inhuman rate (published)
    rate_posts: float = 72.0  # posts a day
    rate_days: float = 3.0  # days the mean is taken over at least: one evening of live posts is no habit (own)
    awake_days: float = 14.0  # days without a pause
    awake_pause: float = 4.0  # hours

    # impossible (own)
    impossible_likes: float = 5.0  # likes a follower, with no views to explain them
    impossible_posts: int = 3  # posts; one may be a post that went around the world, or a lagging counter
    impossible_share: float = 0.05  # of the posts

    # first digits (Benford): information only
    digit_counts: int = 300
    digit_chi_square: float = 26.12  # 8 degrees of freedom, p = .001

    # the deduction
    groups: int = 2  # independent groups needed
    step: float = 0.1  # a flag
    least: float = 0.6  # the smallest factor

    likes_a_comment: Mapping[str, LikesAComment]
    usual_likes_a_comment: LikesAComment

    def comments_of(self, network: str) -> LikesAComment:
        """Return what is usual on a network."""
        return self.likes_a_comment.get(network, self.usual_likes_a_comment)


_ASSUMED = "assumption from the usual shares of core/weights.py"

PATTERNS = Patterns(
    likes_a_comment=MappingProxyType(
        {
            "tiktok": LikesAComment(median=5.0, deviation=0.6, source="159 creators of 2020, sd .49 taken wider"),
            "facebook": LikesAComment(median=3.25, deviation=1.15, source="83 pages of 2016"),
            "instagram": LikesAComment(median=3.2, deviation=1.0, source=_ASSUMED),
            "youtube": LikesAComment(median=3.2, deviation=1.0, source=_ASSUMED),
        }
    ),
    usual_likes_a_comment=LikesAComment(median=2.3, deviation=1.0, source=_ASSUMED),
)
"""The thresholds in force."""
