"""150 URLs and what each policy level must say about them.

Verdicts are five letters for strict, loopback, project, lan and none: A allowed, D denied. `{root}` stands
for the project root, `{outside}` for a folder beside it. Names resolve to `answers`, one tuple per look-up,
since a name may change its mind between the check and the dial.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LEVELS = ("strict", "loopback", "project", "lan", "none")
PUBLIC = "93.184.216.34"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One row. `hops`: the URL, then the Location of each redirect. `reasons` replaces `reason` by level."""

    number: int
    hops: tuple[str, ...]
    verdicts: str
    reason: str
    answers: tuple[tuple[str, ...], ...] = ((PUBLIC,),)
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"v{self.number:03}-{self.reason}"

    def is_allowed(self, level: str) -> bool:
        return self.verdicts[LEVELS.index(level)] == "A"

    def reason_at(self, level: str) -> str:
        return self.reasons.get(level, self.reason)


def _row(
    number: int,
    url: str | tuple[str, ...],
    verdicts: str,
    reason: str,
    *answers: tuple[str, ...],
    **reasons: str,
) -> Vector:
    return Vector(
        number=number,
        hops=(url,) if isinstance(url, str) else url,
        verdicts=verdicts,
        reason=reason,
        answers=answers or ((PUBLIC,),),
        reasons=reasons,
    )


_PLAIN_LITERALS = (
    _row(1, "http://8.8.8.8/", "AAAAA", "public"),
    _row(2, "http://93.184.216.34/", "AAAAA", "public"),
    _row(3, "http://127.0.0.1/", "DAAAA", "loopback"),
    _row(4, "http://127.255.255.254/", "DAAAA", "loopback"),
    _row(5, "http://10.0.0.1/", "DDDAA", "private"),
    _row(6, "http://172.15.255.255/", "AAAAA", "public"),
    _row(7, "http://172.16.0.1/", "DDDAA", "private"),
    _row(8, "http://172.31.255.255/", "DDDAA", "private"),
    _row(9, "http://172.32.0.1/", "AAAAA", "public"),
    _row(10, "http://192.168.1.1/", "DDDAA", "private"),
    _row(11, "http://100.63.255.255/", "AAAAA", "public"),
    _row(12, "http://100.64.0.1/", "DDDDA", "shared_cgnat"),
    _row(13, "http://100.127.255.255/", "DDDDA", "shared_cgnat"),
    _row(14, "http://100.128.0.1/", "AAAAA", "public"),
    _row(15, "http://169.254.169.254/", "DDDDD", "link_local"),
    _row(16, "http://169.254.170.2/", "DDDDD", "link_local"),
    _row(17, "http://0.0.0.0/", "DDDDD", "unspecified"),
    _row(18, "http://0.1.2.3/", "DDDDD", "unspecified"),
    _row(19, "http://224.0.0.1/", "DDDDD", "multicast"),
    _row(20, "http://239.255.255.250/", "DDDDD", "multicast"),
    _row(21, "http://255.255.255.255/", "DDDDD", "broadcast"),
    _row(22, "http://240.0.0.1/", "DDDDA", "reserved"),
    _row(23, "http://192.0.2.1/", "DDDDA", "reserved"),
    _row(24, "http://198.51.100.7/", "DDDDA", "reserved"),
    _row(25, "http://203.0.113.7/", "DDDDA", "reserved"),
    _row(26, "http://198.18.0.1/", "DDDDA", "reserved"),
    _row(27, "http://192.0.0.8/", "DDDDA", "reserved"),
    _row(28, "http://192.88.99.1/", "DDDDA", "reserved"),
)

_IPV4_SPELLINGS = (
    _row(29, "http://2130706433/", "DAAAA", "loopback"),
    _row(30, "http://0x7f000001/", "DAAAA", "loopback"),
    _row(31, "http://017700000001/", "DAAAA", "loopback"),
    _row(32, "http://0177.0.0.1/", "DAAAA", "loopback"),
    _row(33, "http://0x7f.0.0.1/", "DAAAA", "loopback"),
    _row(34, "http://00000177.0.0.1/", "DAAAA", "loopback"),
    _row(35, "http://127.1/", "DAAAA", "loopback"),
    _row(36, "http://127.0.1/", "DAAAA", "loopback"),
    _row(37, "http://0/", "DDDDD", "unspecified"),
    _row(38, "http://0x0/", "DDDDD", "unspecified"),
    _row(39, "http://2852039166/", "DDDDD", "link_local"),
    _row(40, "http://0xA9FEA9FE/", "DDDDD", "link_local"),
    _row(41, "http://0251.0376.0251.0376/", "DDDDD", "link_local"),
    _row(42, "http://169.254.43518/", "DDDDD", "link_local"),
    _row(43, "http://4294967295/", "DDDDD", "broadcast"),
    _row(44, "http://127.0.0.1./", "DAAAA", "loopback"),
    _row(45, "http://127.0.0.1../", "DDDDD", "invalid_url"),
    _row(46, "http://256.256.256.256/", "DDDDD", "invalid_url"),
    _row(47, "http://4294967296/", "DDDDD", "invalid_url"),
    _row(48, "http://127.0.0.08/", "DDDDD", "invalid_url"),
    _row(49, "http://1.1.1.1.1/", "DDDDD", "invalid_url"),
    _row(50, "http://1.2.3/", "AAAAA", "public"),
)

_LOOK_ALIKES = (
    _row(51, "http://%31%32%37.0.0.1/", "DAAAA", "loopback"),
    _row(52, "http://１２７.０.０.１/", "DAAAA", "loopback"),
    _row(53, "http://127。0。0。1/", "DAAAA", "loopback"),
    _row(54, "http://127｡0｡0｡1/", "DAAAA", "loopback"),
    _row(55, "http://①②⑦.⓪.⓪.①/", "DAAAA", "loopback"),
    _row(56, "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "DAAAA", "loopback", ("127.0.0.1", "::1")),
    _row(57, "http://loc%61lhost/", "DAAAA", "loopback", ("127.0.0.1", "::1")),
    _row(58, "http://127.0.0.1%00.example.com/", "DDDDD", "invalid_url"),
    _row(59, "http://exa mple.com/", "DDDDD", "invalid_url"),
)

_AUTHORITY_TRICKS = (
    _row(60, "http://example.com@127.0.0.1/", "DAAAA", "loopback"),
    _row(61, "http://a:b@c:d@127.0.0.1/", "DAAAA", "loopback"),
    _row(62, "http://127.0.0.1@example.com/", "AAAAA", "public"),
    _row(63, "http://127.0.0.1\\@example.com/", "DAAAA", "loopback"),
    _row(64, "http://127.0.0.1#@example.com/", "DAAAA", "loopback"),
    _row(65, "http://127.0.0.1?@example.com/", "DAAAA", "loopback"),
    _row(66, "http:///127.0.0.1/", "DAAAA", "loopback"),
    _row(67, "http:127.0.0.1/", "DAAAA", "loopback"),
    _row(68, "http://127.0.0.1:80:80/", "DDDDD", "invalid_url"),
    _row(69, "http://127.0.0.1:99999/", "DDDDD", "invalid_url"),
    _row(70, "http://", "DDDDD", "no_host"),
)

_IPV6 = (
    _row(71, "http://[2606:4700:4700::1111]/", "AAAAA", "public"),
    _row(72, "http://[::1]/", "DAAAA", "loopback"),
    _row(73, "http://[::]/", "DDDDD", "unspecified"),
    _row(74, "http://[fe80::1]/", "DDDDD", "link_local"),
    _row(75, "http://[fe80::1%25eth0]/", "DDDDD", "invalid_url"),
    _row(76, "http://[ff02::1]/", "DDDDD", "multicast"),
    _row(77, "http://[fc00::1]/", "DDDAA", "unique_local"),
    _row(78, "http://[fd12:3456::1]/", "DDDAA", "unique_local"),
    _row(79, "http://[fec0::1]/", "DDDDA", "reserved"),
    _row(80, "http://[2001:db8::1]/", "DDDDA", "reserved"),
    _row(81, "http://[3fff::1]/", "DDDDA", "reserved"),
    _row(82, "http://[100::1]/", "DDDDA", "reserved"),
    _row(83, "http://[::ffff:8.8.8.8]/", "AAAAA", "public"),
    _row(84, "http://[::ffff:127.0.0.1]/", "DAAAA", "mapped_loopback"),
    _row(85, "http://[::ffff:10.0.0.1]/", "DDDAA", "mapped_private"),
    _row(86, "http://[::ffff:169.254.169.254]/", "DDDDD", "mapped_link_local"),
    _row(87, "http://[::ffff:0.0.0.0]/", "DDDDD", "mapped_unspecified"),
    _row(88, "http://[::ffff:224.0.0.1]/", "DDDDD", "mapped_multicast"),
    _row(89, "http://[::127.0.0.1]/", "DDDDA", "v4compat_loopback"),
    _row(90, "http://[::ffff:0:127.0.0.1]/", "DDDDA", "siit_loopback"),
    _row(91, "http://[64:ff9b::8.8.8.8]/", "AAAAA", "public"),
    _row(92, "http://[64:ff9b::a9fe:a9fe]/", "DDDDD", "nat64_link_local"),
    _row(93, "http://[64:ff9b::7f00:1]/", "DDDDA", "nat64_loopback"),
    _row(94, "http://[64:ff9b::a00:1]/", "DDDAA", "nat64_private"),
    _row(95, "http://[64:ff9b:1::a00:1]/", "DDDDA", "nat64_local"),
    _row(96, "http://[2002:a9fe:a9fe::]/", "DDDDD", "6to4_link_local"),
    _row(97, "http://[2002:7f00:1::]/", "DDDDA", "6to4_loopback"),
    _row(98, "http://[2002:808:808::1]/", "DDDDA", "6to4"),
    _row(99, "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/", "DDDDA", "teredo"),
    _row(100, "http://[2001:0:4136:e378:8000:63bf:5601:5601]/", "DDDDD", "teredo_link_local"),
    _row(101, "http://[2606:4700::5efe:a00:1]/", "DDDDA", "isatap_private"),
)

_METADATA = (
    _row(102, "http://100.100.100.200/", "DDDDD", "metadata"),
    _row(103, "http://192.0.0.192/", "DDDDD", "metadata"),
    _row(104, "http://168.63.129.16/", "DDDDD", "metadata"),
    _row(105, "http://[fd00:ec2::254]/", "DDDDD", "metadata"),
    _row(106, "http://[fd20:ce::254]/", "DDDDD", "metadata"),
    _row(107, "http://metadata.google.internal/", "DDDDD", "link_local", ("169.254.169.254",)),
    _row(108, "http://metadata.google.internal./", "DDDDD", "link_local", ("169.254.169.254",)),
)

_NAMES = (
    _row(109, "http://localhost/", "DAAAA", "loopback", ("127.0.0.1", "::1")),
    _row(110, "http://localhost./", "DAAAA", "loopback", ("127.0.0.1", "::1")),
    _row(111, "http://app.localhost/", "DAAAA", "loopback", ("127.0.0.1",)),
    _row(112, "http://127.0.0.1.nip.io/", "DAAAA", "loopback", ("127.0.0.1",)),
    _row(113, "http://10.0.0.1.sslip.io/", "DDDAA", "private", ("10.0.0.1",)),
    _row(114, "http://169.254.169.254.nip.io/", "DDDDD", "link_local", ("169.254.169.254",)),
    _row(115, "http://name.example/", "DAAAA", "loopback", (PUBLIC, "127.0.0.1")),
    _row(116, "http://name.example/", "DDDAA", "private", (PUBLIC, "10.0.0.5")),
    # Once loopback is open, the private address is what stands in the way.
    _row(
        117,
        "http://name.example/",
        "DDDAA",
        "loopback",
        ("127.0.0.1", "10.0.0.5"),
        loopback="private",
        project="private",
    ),
    _row(118, "http://name.example/", "DDDDD", "link_local", (PUBLIC, "169.254.169.254")),
    _row(119, "http://name.example/", "DDDDD", "link_local", (PUBLIC, "fe80::1")),
    _row(120, "http://alias.example/", "DDDAA", "private", ("10.0.0.5",)),
    _row(121, "http://name.example/", "DDDDD", "dns_failed", ()),
    _row(122, "http://rebinding.example/", "DAAAA", "loopback", (PUBLIC,), ("127.0.0.1",)),
    _row(123, "http://rebinding.example/", "DAAAA", "loopback", (PUBLIC,), (PUBLIC,), ("127.0.0.1",)),
)

_SCHEMES = (
    _row(124, "ftp://example.com/", "DDDDD", "scheme_not_allowed"),
    _row(125, "gopher://127.0.0.1:70/", "DDDDD", "scheme_not_allowed"),
    _row(126, "ws://example.com/", "DDDDD", "scheme_not_allowed"),
    _row(127, "data:text/html,x", "DDDDD", "scheme_not_allowed"),
    _row(128, "javascript:alert(1)", "DDDDD", "scheme_not_allowed"),
    _row(129, "HTTP://8.8.8.8/", "AAAAA", "public"),
)

_NO_FILES = {"strict": "file_not_allowed", "loopback": "file_not_allowed"}

_FILES = (
    _row(130, "file://{outside}/secret.txt", "DDDDD", "file_outside_root", **_NO_FILES),
    _row(131, "file://{root}/a.html", "DDAAA", "file", **_NO_FILES),
    _row(132, "file://{root}/link", "DDDDD", "file_outside_root", **_NO_FILES),
    _row(133, "file://{root}/../outside/secret.txt", "DDDDD", "file_outside_root", **_NO_FILES),
    _row(134, "file://{root}/missing", "DDDDD", "file_unresolvable", **_NO_FILES),
    _row(135, "file://127.0.0.1/etc/passwd", "DDDDD", "file_remote_host"),
)

_PORTS = (
    _row(136, "http://8.8.8.8:0/", "DDDDD", "port_not_allowed"),
    _row(137, "http://8.8.8.8:22/", "DDDDA", "port_not_allowed", none="public"),
    _row(138, "http://8.8.8.8:25/", "DDDDA", "port_not_allowed", none="public"),
    _row(139, "http://8.8.8.8:6379/", "DDDDA", "port_not_allowed", none="public"),
    _row(140, "http://8.8.8.8:8080/", "AAAAA", "public"),
)

_START = "http://example.com/"

_REDIRECTS = (
    _row(141, (_START, "http://127.0.0.1/"), "DAAAA", "loopback"),
    _row(142, (_START, "http://169.254.169.254/latest/"), "DDDDD", "link_local"),
    _row(143, (_START, "http://[::ffff:10.0.0.1]/"), "DDDAA", "mapped_private"),
    _row(144, (_START, "http://2130706433/"), "DAAAA", "loopback"),
    _row(145, (_START, "http://internal.example/"), "DDDAA", "private", ("10.0.0.5",)),
    _row(146, (_START, "//127.0.0.1/x"), "DAAAA", "loopback"),
    _row(147, (_START, "file:///etc/passwd"), "DDDDD", "scheme_not_allowed"),
    _row(148, (_START, "ftp://example.com/"), "DDDDD", "scheme_not_allowed"),
    _row(149, (_START, *(f"/hop/{n}" for n in range(1, 12))), "DDDDD", "too_many_redirects"),
    _row(
        150, (_START, "http://also.example/", "http://internal.example/"), "DDDAA", "private", ("10.0.0.5",)
    ),
)

VECTORS = (
    *_PLAIN_LITERALS,
    *_IPV4_SPELLINGS,
    *_LOOK_ALIKES,
    *_AUTHORITY_TRICKS,
    *_IPV6,
    *_METADATA,
    *_NAMES,
    *_SCHEMES,
    *_FILES,
    *_PORTS,
    *_REDIRECTS,
)


def make_project(base: Path) -> Path:
    """Builds below `base` the files that the `file:` rows speak of; returns the project root."""
    (base / "outside").mkdir()
    (base / "outside" / "secret.txt").write_text("secret")
    root = base / "root"
    (root / "folder").mkdir(parents=True)
    (root / "a.html").write_text("<p>hello")
    (root / "näme 1.html").write_text("<p>named")
    (root / "link").symlink_to(base / "outside" / "secret.txt")
    (root / "inner-link").symlink_to(root / "a.html")
    (root / "dangling").symlink_to(base / "outside" / "nothing")
    (root / "circle").symlink_to(root / "circle")
    os.mkfifo(root / "pipe")
    return root
