#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pccs_test.py BINDIR: certificates and collateral over HTTP, asked as stock
clients ask: paths, headers, encodings, statuses.  Prints `ok N - what`."""
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from urllib.parse import quote, unquote

BASE = "/sgx/certification/"
number = 0


def ok(what):
    global number
    number += 1
    print(f"ok {number} - {what}", flush=True)


def same(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def demand(condition, what):
    if not condition:
        raise AssertionError(what)


class Client:
    def __init__(self, url):
        self.host = url.split("//")[1]

    def ask(self, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, timeout=100)
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        data = reply.read()
        demand(reply.getheader("Request-ID"), f"{path}: no Request-ID")
        connection.close()
        return reply.status, {k.lower(): v for k, v in reply.getheaders()}, \
            data

    def get(self, path, wanted=200, headers=None):
        status, found, data = self.ask(path, headers=headers)
        same(status, wanted, path)
        if status >= 400:
            demand(data and found["content-type"].startswith("text/plain"),
                   f"{path}: an error without words")
        return found, data

    def post(self, path, value, wanted, headers=None, method="POST"):
        status, _, data = self.ask(path, method, json.dumps(value), {
            "Content-Type": "application/json", **(headers or {})})
        same(status, wanted, f"{method} {path}")
        return data


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          capture_output=True).stdout


def chain(text):
    """An issuer chain as Intel's client takes it: it loses what follows the
    last escape."""
    demand(text.endswith("%0A"), "a chain that does not end with %0A")
    demand(re.fullmatch(r"[-._~A-Za-z0-9%]+", text), "not escaped")
    pem = unquote(text)
    return [part + "-----END CERTIFICATE-----\n" for part in
            pem.split("-----END CERTIFICATE-----\n")[:-1]]


def subject(pem):
    return openssl("x509", "-noout", "-subject", "-nameopt",
                   "multiline,utf8", data=pem.encode()).decode()


def signed_by(pem, issuer, folder):
    for name, text in (("leaf.pem", pem), ("issuer.pem", issuer)):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
    openssl("verify", "-partial_chain", "-CAfile",
            os.path.join(folder, "issuer.pem"),
            os.path.join(folder, "leaf.pem"))


def collateral(client, folder):
    for version, member, header in (
            ("v3", 2, "sgx-tcb-info-issuer-chain"),
            ("v4", 3, "tcb-info-issuer-chain")):
        fmspcs = json.loads(client.get(BASE + "v4/fmspcs?platform=all")[1])
        demand(fmspcs and all(re.fullmatch("[0-9A-F]{12}", f["fmspc"])
                              for f in fmspcs), "fmspcs")
        for fmspc in (f["fmspc"] for f in fmspcs):
            for form in (fmspc, fmspc.lower()):
                headers, data = client.get(
                    f"{BASE}{version}/tcb?fmspc={form}&update=standard")
            info = json.loads(data)
            same(list(info), ["tcbInfo", "signature"], "members")
            same(info["tcbInfo"]["version"], member, "version")
            same(info["tcbInfo"]["fmspc"], fmspc, "fmspc")
            same(json.dumps(info, separators=(",", ":")).encode(), data,
                 "compact JSON")
            certs = chain(headers[header])
            same(len(certs), 2, "certificates")
            demand("Intel SGX TCB Signing" in subject(certs[0]), "signer")
            demand("Intel SGX Root CA" in subject(certs[1]), "root")
            demand("Coffer software root of trust" in subject(certs[1]),
                   "the root does not say what it is")
            signed_by(certs[0], certs[1], folder)
            demand("max-age=" in headers["cache-control"], "cache")
        headers, data = client.get(f"{BASE}{version}/qe/identity")
        same(json.loads(data)["enclaveIdentity"]["id"], "QE", "identity")
        same(len(chain(headers["sgx-enclave-identity-issuer-chain"])), 2,
             "certificates")
        number_now = info["tcbInfo"]["tcbEvaluationDataNumber"]
        client.get(f"{BASE}{version}/tcb?fmspc={fmspc}"
                   f"&tcbEvaluationDataNumber={number_now}")
        client.get(f"{BASE}{version}/tcb?fmspc={fmspc}&update=early"
                   f"&tcbEvaluationDataNumber={number_now}", 400)
        client.get(f"{BASE}{version}/tcb?fmspc={fmspc}&update=later", 400)
        client.get(f"{BASE}{version}/tcb?fmspc=00000000000A", 404)
        for bad in ("", "?fmspc=", "?fmspc=zz", f"?fmspc={fmspc}0"):
            client.get(f"{BASE}{version}/tcb{bad}", 400)
        client.get(f"{BASE}{version}/qve/identity", 404)
    client.get(BASE + "v2/tcb?fmspc=" + fmspc, 404)
    headers, data = client.get(BASE + "v4/tcbevaluationdatanumbers")
    demand(number_now in [n["tcbEvaluationDataNumber"] for n in
                          json.loads(data)["tcbEvaluationDataNumbers"]
                          ["tcbEvalNumbers"]], "evaluation numbers")
    same(len(chain(headers["tcb-evaluation-data-numbers-issuer-chain"])), 2,
         "certificates")
    same(json.loads(client.get(BASE + "v4/fmspcs?platform=client")[1]), [],
         "client platforms")
    client.get(BASE + "v4/fmspcs?platform=E9", 400)
    ok("TCB information and identities, v3 and v4")
    return fmspcs


def lists(client):
    for version in ("v3", "v4"):
        for ca in ("processor", "platform"):
            path = f"{BASE}{version}/pckcrl?ca={ca}"
            headers, text = client.get(path)
            der = bytes.fromhex(text.decode("ascii"))
            certs = chain(headers["sgx-pck-crl-issuer-chain"])
            demand(f"Intel SGX PCK {ca.capitalize()} CA" in
                   subject(certs[0]), "issuer")
            headers, data = client.get(path + "&encoding=der")
            same(headers["content-type"], "application/pkix-crl", "type")
            same(data, der, "hexadecimal and DER")
            headers, data = client.get(path + "&encoding=pem")
            same(headers["content-type"], "application/x-pem-file", "type")
            same(openssl("crl", "-outform", "DER", data=data), der,
                 "PEM and DER")
            shown = openssl("crl", "-inform", "DER", "-noout", "-text",
                            data=der)
            demand(f"Intel SGX PCK {ca.capitalize()} CA".encode() in shown,
                   "issuer of the list")
            client.get(path + "&encoding=xml", 400)
        _, text = client.get(f"{BASE}{version}/rootcacrl")
        root = bytes.fromhex(text.decode("ascii"))
        client.get(f"{BASE}{version}/pckcrl", 400)
        client.get(f"{BASE}{version}/pckcrl?ca=root", 400)
    headers, data = client.get("/CofferRootCA.der")
    same(headers["content-type"], "application/pkix-crl", "type")
    same(data, root, "the root's list at its distribution point")
    for uri, wanted in (
            ("https://localhost:8081/CofferRootCA.der", root),
            ("https://certificates.trustedservices.intel.com/"
             "IntelSGXRootCA.der", root),
            ("https://localhost:8081/sgx/certification/v4/pckcrl?"
             "ca=platform&encoding=der", der)):
        _, data = client.get(f"{BASE}v4/crl?uri={quote(uri, safe='')}")
        same(data, wanted, uri)
    for uri in ("", "x", "file:///etc/passwd", "https://x", "https://x/y"):
        client.get(f"{BASE}v4/crl?uri={quote(uri, safe='')}", 400)
    ok("revocation lists in hexadecimal, DER and PEM")


def made(service, names):
    """Machines with their identities, and the highest TCB that they have a
    certificate for."""
    found = {}
    for name in names:
        folder = os.path.join(service.state, "vm", name)
        with open(os.path.join(folder, "identity"), encoding="ascii") as file:
            found[name] = dict(line.strip().split("=", 1) for line in file
                               if "=" in line)
        cpusvn, pcesvn = max(os.listdir(
            os.path.join(folder, "pck"))).split(".")[0].split("-")
        found[name].update(cpusvn=cpusvn.lower(), pcesvn=int(pcesvn, 16))
    return found


def tcbm(cert):
    """CPUSVN and PCESVN in a certificate's extension."""
    der = openssl("x509", "-outform", "DER", data=cert)
    at = der.index(bytes.fromhex("060b2a864886f84d010d010212")) + 13
    same(der[at:at + 2], b"\x04\x10", "CPUSVN is an OCTET STRING")
    cpusvn = der[at + 2:at + 18]
    at = der.index(bytes.fromhex("060b2a864886f84d010d010211")) + 13
    same(der[at], 2, "PCESVN is an INTEGER")
    return cpusvn, int.from_bytes(der[at + 2:at + 2 + der[at + 1]], "big")


def certificates(client, machines, folder):
    for version in ("v3", "v4"):
        for machine in machines.values():
            cpusvn, pcesvn = machine["cpusvn"], machine["pcesvn"]
            little = pcesvn.to_bytes(2, "little").hex().upper()
            path = (f"{BASE}{version}/pckcert?qeid={machine['qe_id'].upper()}"
                    f"&cpusvn={cpusvn.upper()}&pcesvn={little}&pceid=0000")
            headers, leaf = client.get(path)
            same(headers["content-type"], "application/x-pem-file", "type")
            same(headers["sgx-tcbm"],
                 (cpusvn + little).upper(), "TCBm")
            same(headers["sgx-fmspc"], machine["fmspc"].upper(), "FMSPC")
            ca = headers["sgx-pck-certificate-ca-type"]
            certs = chain(headers["sgx-pck-certificate-issuer-chain"])
            demand(f"Intel SGX PCK {ca.capitalize()} CA" in
                   subject(certs[0]), "issuer")
            same(tcbm(leaf), (bytes.fromhex(cpusvn), pcesvn),
                 "TCB of the certificate")
            signed_by(leaf.decode(), certs[0], folder)
            signed_by(certs[0], certs[1], folder)
            client.get(path.replace("pceid=0000", "pceid=0001"), 461)
            client.get(path.replace(machine["qe_id"].upper(), "AB" * 16), 461)
            client.get(path.replace(machine["qe_id"].upper(), "AB"), 461)
            client.get(path.replace(machine["qe_id"].upper(), "AB" * 131),
                       400)
            client.get(path.replace(machine["qe_id"].upper(), "XY"), 400)
            client.get(path.replace(f"cpusvn={cpusvn.upper()}",
                                    "cpusvn=" + "00" * 16), 462)
            client.get(path.replace("pceid=0000", "pceid=0"), 400)
            client.get(path.replace(f"pcesvn={little}", ""), 400)
            client.get(path + "&encrypted_ppid=00", 400)
            _, data = client.get(f"{BASE}{version}/pckcerts?pceid=0000"
                                 f"&qeid={machine['qe_id']}")
            every = json.loads(data)
            demand(len(every) > 1, "only one certificate")
            for one in every:
                cert = unquote(one["cert"]).encode()
                found, svn = tcbm(cert)
                same(one["tcbm"], found.hex().upper() +
                     svn.to_bytes(2, "little").hex().upper(), "tcbm")
                same(one["tcb"]["pcesvn"], svn, "pcesvn")
                if version == "v3":
                    same([one["tcb"][f"sgxtcbcomp{i:02}svn"] for i in
                          range(1, 17)], list(found), "components")
                else:
                    same([c["svn"] for c in
                          one["tcb"]["sgxtcbcomponents"]], list(found),
                         "components")
    ok("PCK certificates: TCBm, FMSPC, CA, chain; 461 and 462")


def azure(client, machines):
    thim = "/metadata/THIM/sgx/certification/"
    right = {"metadata": "true"}
    machine = next(iter(machines.values()))
    big = machine["pcesvn"].to_bytes(2, "big").hex()
    query = (f"qeid={machine['qe_id'].lower()}&cpusvn={machine['cpusvn']}"
             f"&pcesvn={big}&pceid=0000&clientid=production_client"
             "&api-version=2021-07-22-preview")
    for version in ("v2", "v3", "v4"):
        client.get(f"{thim}{version}/pckcert?{query}", 400)
        _, data = client.get(f"{thim}{version}/pckcert?{query}",
                             headers=right)
        answer = json.loads(data)
        same(sorted(answer), ["cacheMaxAge", "pckCert", "sgx-Pck-Certificate-"
                              "Issuer-Chain", "sgx-Tcbm"], "members")
        same(answer["sgx-Tcbm"], machine["cpusvn"] + big, "TCBm")
        same(len(chain(answer["sgx-Pck-Certificate-Issuer-Chain"])), 2,
             "certificates")
        headers, _ = client.get(
            f"{thim}{version}/tcb?fmspc={machine['fmspc']}"
            "&clientid=production_client&api-version=2018-10-01-preview",
            headers=right)
        chain(headers["sgx-tcb-info-issuer-chain"])
        demand("max-age=" in headers["cache-control"], "cache")
        headers, _ = client.get(f"{thim}{version}/qe/identity", headers=right)
        chain(headers["sgx-enclave-identity-issuer-chain"])
        uri = quote("https://certificates.trustedservices.intel.com/"
                    "IntelSGXRootCA.der", safe="")
        headers, _ = client.get(f"{thim}{version}/pckcrl?uri={uri}"
                                "&clientid=production_client&api-version="
                                "2020-02-12-preview", headers=right)
        chain(headers["sgx-pck-crl-issuer-chain"])
    _, data = client.get(f"{BASE}v4/pckcert?{query}")
    same(json.loads(data)["sgx-Tcbm"], machine["cpusvn"] + big,
         "the same under the caching service's path")
    ok("Azure's dialect: JSON, big endian, metadata header")


def tools(client, service, machines):
    def token(name):
        with open(os.path.join(service.state, "serve", name),
                  encoding="ascii") as file:
            return file.read().strip()
    user = {"user-token": token("user.token")}
    admin = {"admin-token": token("admin.token")}
    machine = next(iter(machines.values()))
    known = {"qe_id": machine["qe_id"], "pce_id": "0000",
             "cpu_svn": machine["cpusvn"], "pce_svn": "1000",
             "enc_ppid": "ab" * 384, "platform_manifest": ""}
    unknown = dict(known, qe_id="CD" * 16, enc_ppid="cd" * 384)
    path = BASE + "v4/platforms"
    client.post(path, known, 401)
    client.post(path, known, 401, {"user-token": "x"})
    client.post(path, known, 401, {"user-token": admin["admin-token"]})
    client.post(path, dict(known, pce_id="xx"), 400, user)
    client.post(path, {}, 400, user)
    client.post(path, known, 200, user)
    client.post(path, unknown, 200, user)
    client.get(path, 401)
    client.get(path, 401, user)
    headers, data = client.get(path + "?source=reg", headers=admin)
    same(headers["platform-count"], "1", "platform-count")
    same(json.loads(data)[0]["qe_id"], "CD" * 16, "the unknown one")
    same(json.loads(client.get(path, headers=admin)[1]), [], "told once")
    fmspc = machine["fmspc"].upper()
    for source, count in ((f"[{fmspc}]", 1), ("[]", 1),
                          (f"[112233445566,{fmspc.lower()}]", 1),
                          ("[112233445566]", 0), ("reg_na", 0)):
        headers, data = client.get(f"{path}?source={quote(source)}",
                                   headers=admin)
        same(headers["platform-count"], str(count), source)
    client.get(path + "?source=all", 400, admin)
    # What was pushed makes an encrypted PPID an identifier.
    little = machine["pcesvn"].to_bytes(2, "little").hex()
    rest = f"&cpusvn={machine['cpusvn']}&pcesvn={little}&pceid=0000"
    client.get(BASE + "v4/pckcert?encrypted_ppid=" + "AB" * 384 + rest)
    client.get(BASE + "v4/pckcert?encrypted_ppid=" + "CD" * 384 + rest, 461)
    # No identifier is not that of whoever came without one, and a longer one
    # not that of a machine whose identifier it begins with.
    client.post(path, {"qe_id": machine["qe_id"], "pce_id": "0000",
                       "platform_manifest": "ab"}, 200, user)
    client.get(BASE + "v4/pckcert?encrypted_ppid=" + rest, 400)
    client.post(path, dict(known, qe_id=machine["qe_id"] + "00",
                           enc_ppid="ef" * 384), 200, user)
    client.get(BASE + "v4/pckcert?encrypted_ppid=" + "EF" * 384 + rest, 461)
    ok("platforms that tools push and fetch, with their tokens")

    headers, _ = client.get(BASE + "v4/qe/identity")
    ours = headers["sgx-enclave-identity-issuer-chain"]
    key, cert = (os.path.join(service.state, n) for n in ("k", "c"))
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
            "-subj", "/CN=Intel SGX Root CA")
    with open(cert, encoding="ascii") as file:
        other = quote(file.read(), safe="")

    def push(chains, wanted):
        client.post(BASE + "v4/platformcollateral", {
            "platforms": [], "collaterals": {"pck_certs": [], "tcbinfos": [],
                                             "certificates": chains}},
            wanted, admin, "PUT")
    push({"SGX-TCB-Info-Issuer-Chain": ours, "SGX-PCK-Certificate-Issuer-"
          "Chain": {"PROCESSOR": ours}}, 200)
    push({"SGX-TCB-Info-Issuer-Chain": other}, 460)
    push({"SGX-TCB-Info-Issuer-Chain": ours,
          "SGX-PCK-Certificate-Issuer-Chain": {"PROCESSOR": other}}, 460)
    push({"SGX-TCB-Info-Issuer-Chain": "x"}, 400)
    push({}, 400)
    client.post(BASE + "v4/platformcollateral", {}, 401, method="PUT")
    client.get(BASE + "v4/refresh", 401)
    client.get(BASE + "v4/refresh", headers=admin)
    client.get(BASE + "v3/refresh?type=certs", headers=admin)
    client.get(BASE + "v3/refresh?type=all", 400, admin)
    ok("collateral of another root is refused with 460")

    path = BASE + "v4/appraisalpolicy"
    policy = {"policy": "a.b.c", "is_default": True, "fmspc": fmspc}
    client.post(path, policy, 401, method="PUT")
    client.post(path, dict(policy, fmspc="x"), 400, admin, "PUT")
    same(len(client.post(path, policy, 200, admin, "PUT")), 96, "id")
    client.get(f"{path}?fmspc={fmspc}", 401)
    same(client.get(f"{path}?fmspc={fmspc.lower()}", headers=user)[1],
         b"a.b.c", "policy")
    client.get(f"{path}?fmspc=112233445566", 404, user)
    ok("appraisal policies are kept")


class Service:
    def __init__(self, bindir):
        self.state = tempfile.mkdtemp(prefix="coffer-service-")
        self.environment = dict(os.environ, COFFER_BINDIR=bindir,
                                COFFER_STATE_DIR=self.state)
        for name in ("small", "large"):
            folder = os.path.join(self.state, "vm", name)
            os.makedirs(folder, mode=0o700)
            for parent in (folder, os.path.dirname(folder)):
                os.chmod(parent, 0o700)
            with open(os.path.join(folder, "vm.conf"), "w",
                      encoding="ascii") as file:
                file.write("size=Standard_DC1s_v" +
                           ("2" if name == "small" else "3") + "\n")
            os.chmod(os.path.join(folder, "vm.conf"), 0o600)
            subprocess.run([os.path.join(bindir, "coffer-manufacture"),
                            "--vm", name], env=self.environment, check=True)
        self.child = subprocess.Popen(
            [os.path.join(bindir, "coffer-serve"), "--port", "0", "--http",
             "--quiet"], env=self.environment, stdout=subprocess.PIPE)
        self.url = self.child.stdout.readline().decode().strip()
        demand(self.url, "the service did not start")

    def end(self):
        self.child.terminate()
        status = self.child.wait(20)
        shutil.rmtree(self.state)
        same(status, 0, "status of the service")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    service = Service(os.path.abspath(sys.argv[1]))
    try:
        client = Client(service.url)
        fmspcs = collateral(client, service.state)
        lists(client)
        machines = made(service, ("small", "large"))
        demand({m["fmspc"].upper() for m in machines.values()} <=
               {f["fmspc"] for f in fmspcs}, "an FMSPC that is not listed")
        certificates(client, machines, service.state)
        azure(client, machines)
        tools(client, service, machines)
    except BaseException:
        service.child.kill()
        service.child.wait()
        shutil.rmtree(service.state)
        raise
    service.end()


main()
