import socket
from collections.abc import Sequence

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.connectors.faults import ConnectFailed, Refused
from core.connectors.guard import GuardedBackend, Resolve, SystemResolver, check_name, is_public

PUBLIC_4 = "93.184.216.34"
PRIVATE_4 = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.9.9.9",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
]  # fmt: skip
PRIVATE_6 = [
    "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "feff::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1",
    "100::1", "2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "2001:20::1", "5f00::1", "4000::1",
    "64:ff9b:1::1", "64:ff9b:1::5db8:d822", "2620:4f:8000::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", PUBLIC_4, "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.1.1",
    "198.17.0.1", "198.20.0.1", "223.255.255.1", "2606:4700::1111", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888",
]  # fmt: skip


def mapped(four: str) -> list[str]:
    """The same IPv4 address in every IPv6 dress a resolver may hand out."""
    a, b, c, d = (int(part) for part in four.split("."))
    high, low = f"{a:02x}{b:02x}", f"{c:02x}{d:02x}"
    teredo_client = f"{(a << 8 | b) ^ 0xFFFF:04x}:{(c << 8 | d) ^ 0xFFFF:04x}"
    return [
        f"::ffff:{four}",
        f"::{high}:{low}",
        f"2002:{high}:{low}::1",
        f"2001:0:0808:0808:8000:f227:{teredo_client}",
        f"64:ff9b::{high}:{low}",
    ]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [*PRIVATE_4, *PRIVATE_6])
def test_private_and_special_addresses_do_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [dress for four in PRIVATE_4 for dress in mapped(four)])
def test_a_private_address_stays_private_in_every_dress(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", mapped("8.8.4.4"))
def test_a_public_address_stays_public_in_every_dress(address: str) -> None:
    assert is_public(address)


def test_a_private_teredo_server_spoils_a_public_client() -> None:
    assert not is_public("2001:0:0a00:0001:8000:f227:f7f7:fbfb")  # server 10.0.0.1, client 8.8.4.4


@given(st.text(max_size=40))
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(f"{text}g")


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=6, network="fc00::/7"))
def test_no_address_of_a_private_network_passes(address: object) -> None:
    assert not is_public(str(address))


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "mastodon.social",
        "a.b.c.example",
        "xn--strae-oqa.de",
        "my_blog.example.org",
        "1.example.xn--p1ai",
    ],
)
def test_public_names_pass(host: str) -> None:
    check_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "localhost", "LOCALHOST", "db", "foo.localhost", "printer.local", "metadata.google.internal", "abc.onion",
        "router.home.arpa", "localhost.localdomain", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1",
        "017700000001", "1.2.3.4.5", "::1", "[::1]", "fe80::1%25eth0", "example.com.", ".example.com", "a..b",
        "exa mple.com", "example.com/x", "user@example.com", "example.com:80", "-a.example", "a-.example",
        "ex%61mple.com",
        "bücher.example", "EXAMPLE.com", "a\nb.example", "a" * 64 + ".example", "a." * 127 + "example", "example.1",
        "example.c-", "\x00.com",
    ],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    with pytest.raises(Refused) as caught:
        check_name(host)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


class Dial(httpcore.AsyncNetworkBackend):
    """Remembers whom it was asked to connect to; `broken` addresses fail."""

    def __init__(self, broken: Sequence[str] = ()) -> None:
        self.asked: list[tuple[str, int]] = []
        self.shares: list[float | None] = []
        self.broken = broken
        self.stream = httpcore.AsyncMockStream([b"from afar"])

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append((host, port))
        self.shares.append(timeout)
        if host in self.broken:
            raise httpcore.ConnectError("refused")
        return self.stream


def resolver(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


async def test_connects_to_the_very_address_that_was_judged() -> None:
    dial = Dial()
    stream = await GuardedBackend(resolver(PUBLIC_4), dial).connect_tcp("blog.example", 443, timeout=5)
    assert await stream.read(100) == b"from afar"
    assert dial.asked == [(PUBLIC_4, 443)]


@pytest.mark.parametrize("private", ["127.0.0.1", "::1", "169.254.169.254", "::ffff:10.0.0.1"])
@pytest.mark.parametrize("order", [1, -1])
async def test_one_private_address_among_public_ones_refuses_the_name(private: str, order: int) -> None:
    dial = Dial()
    addresses = [PUBLIC_4, private, "2606:4700::1111"][::order]
    with pytest.raises(Refused) as caught:
        await GuardedBackend(resolver(*addresses), dial).connect_tcp("evil.example", 443)
    assert dial.asked == []
    assert private not in str(caught.value)
    assert not caught.value.again


async def test_the_name_is_asked_for_once_only() -> None:
    answers = iter([[PUBLIC_4], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    dial = Dial()
    await GuardedBackend(rebinding, dial).connect_tcp("rebind.example", 443)
    assert dial.asked == [(PUBLIC_4, 443)]
    assert next(answers) == ["127.0.0.1"]


async def test_the_next_judged_address_is_tried_families_taking_turns() -> None:
    dial = Dial(broken=["2606:4700::1", "1.1.1.1"])
    backend = GuardedBackend(resolver("2606:4700::1", "2606:4700::2", "1.1.1.1", "8.8.8.8"), dial)
    await backend.connect_tcp("two.example", 443, timeout=4)
    assert [host for host, _ in dial.asked] == ["2606:4700::1", "1.1.1.1", "2606:4700::2"]
    assert dial.shares[0] == pytest.approx(1, abs=0.2)  # a black hole takes only its share of the time
    assert dial.shares[2] == pytest.approx(2, abs=0.2)


async def test_the_last_failure_is_what_is_told_and_tries_are_bounded() -> None:
    addresses = [f"8.8.8.{last}" for last in range(1, 200)]
    dial = Dial(broken=addresses)
    with pytest.raises(httpcore.ConnectError):
        await GuardedBackend(resolver(*addresses), dial).connect_tcp("many.example", 443, timeout=1)
    assert len(dial.asked) == 4


async def test_a_name_without_addresses_is_a_failed_connection() -> None:
    with pytest.raises(ConnectFailed, match=r"none\.example"):
        await GuardedBackend(resolver(), Dial()).connect_tcp("none.example", 443)


@pytest.mark.parametrize(("code", "again"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True)])
async def test_an_unknown_name_is_not_asked_again_but_a_tired_resolver_is(code: int, again: bool) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(code, "no")

    with pytest.raises(ConnectFailed) as caught:
        await GuardedBackend(resolve, Dial()).connect_tcp("gone.example", 443)
    assert caught.value.again is again


async def test_the_system_resolver_lists_each_address_once() -> None:
    resolve = SystemResolver()
    try:
        assert await resolve("127.0.0.1", 443) == ["127.0.0.1"]
    finally:
        resolve.close()
