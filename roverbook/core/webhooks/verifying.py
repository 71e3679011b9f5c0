"""Code with which a receiver verifies what it gets, as the pages and the handbook show it. It needs nothing
but what each language has by itself; tests run what is here."""

from collections.abc import Mapping

PYTHON = '''\
import base64, hashlib, hmac, time


def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """`headers`: names in lower case; `body`: the bytes as they came, before any JSON is read."""
    at = headers.get("webhook-timestamp", "")
    if not at.isdecimal() or abs(time.time() - int(at)) > 300:
        return False  # an old message that somebody sends again
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers.get('webhook-id', '')}.{at}.".encode() + body
    good = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(good.encode(), one.encode()) for one in given)
'''
NODE = """\
const crypto = require("node:crypto");

// headers: names in lower case; body: a Buffer with the bytes as they came, before any JSON is read
function verify(secret, headers, body) {
  const at = headers["webhook-timestamp"] ?? "";
  if (!(Math.abs(Date.now() / 1000 - Number(at)) <= 300)) return false; // old: somebody sends it again
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const hmac = crypto.createHmac("sha256", key).update(`${headers["webhook-id"]}.${at}.`);
  const good = hmac.update(body).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one.slice(3), "base64");
    return one.startsWith("v1,") && given.length === good.length && crypto.timingSafeEqual(given, good);
  });
}
"""
PHP = """\
<?php
// $headers: names in lower case; $body: the bytes as they came, file_get_contents("php://input")
function verify(string $secret, array $headers, string $body): bool {
    $at = $headers["webhook-timestamp"] ?? "";
    if (abs(time() - (int) $at) > 300) return false; // an old message that somebody sends again
    $key = base64_decode(preg_replace("/^whsec_/", "", $secret));
    $signed = ($headers["webhook-id"] ?? "") . "." . $at . "." . $body;
    $good = "v1," . base64_encode(hash_hmac("sha256", $signed, $key, true));
    foreach (explode(" ", $headers["webhook-signature"] ?? "") as $one) {
        if (hash_equals($good, $one)) return true;
    }
    return false;
}
"""
SNIPPETS: Mapping[str, str] = {"Python": PYTHON, "Node": NODE, "PHP": PHP}
