#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arm_compute.py BINDIR: azure-mgmt-compute, the client of Azure for Python,
as Debian has it (python3-azure): a machine is made, looked at, resized,
stopped, started and deleted.  77: it is not installed."""
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

try:
    from azure.core.credentials import AccessToken
    from azure.core.exceptions import HttpResponseError
    from azure.mgmt.compute import ComputeManagementClient
except ImportError as missing:
    print(f"skip: {missing}: the package python3-azure")
    sys.exit(77)

LONG = 120
SMALL, LARGER = "Standard_DC1s_v3", "Standard_DC2s_v3"
number = 0


def ok(what):
    global number
    number += 1
    print(f"ok {number} - {what}", flush=True)


def demand(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(status, code, question):
    try:
        question()
    except HttpResponseError as error:
        demand((error.status_code, error.error.code) == (status, code),
               f"{error.status_code} {error.error.code}")
        return
    raise AssertionError(f"no {code}")


class Credential:
    def __init__(self, token):
        self.token = token

    def get_token(self, *_, **__):
        return AccessToken(self.token, int(time.time()) + 3600)


def power(vms):
    return [status.code for status in
            vms.instance_view("web", "one").statuses][1]


def use(client):
    vms, fast = client.virtual_machines, {"polling_interval": 0.1}
    order = {"location": "coffer-local", "tags": {"owner": "tests"},
             "hardware_profile": {"vm_size": SMALL}}
    made = vms.begin_create_or_update("Web", "one", order, **fast).result(LONG)
    demand(made.provisioning_state == "Succeeded", made.provisioning_state)
    demand([vm.name for vm in vms.list_all()] == ["one"], "listed")
    demand([vm.vm_id for vm in vms.list("web")] == [made.vm_id], "by group")
    demand(power(vms) == "PowerState/running", power(vms))
    ok("a machine is made, listed, and runs")
    larger = {"hardware_profile": {"vm_size": LARGER}, "tags": {"a": "b"}}
    refused(409, "OperationNotAllowed",
            lambda: vms.begin_update("web", "one", larger, **fast).result())
    refused(404, "ResourceNotFound", lambda: vms.get("web", "two"))
    vms.begin_deallocate("web", "one", **fast).result(LONG)
    demand(power(vms) == "PowerState/deallocated", power(vms))
    vms.begin_update("web", "one", larger, **fast).result(LONG)
    seen = vms.get("web", "one", expand="instanceView")
    demand((seen.hardware_profile.vm_size, seen.tags) == (LARGER, {"a": "b"}),
           f"{seen}")
    vms.begin_create_or_update("web", "one", seen, **fast).result(LONG)
    ok("deallocated it is resized; what was shown can be sent back")
    vms.begin_start("web", "one", **fast).result(LONG)
    vms.begin_restart("web", "one", **fast).result(LONG)
    demand(power(vms) == "PowerState/running", power(vms))
    vms.begin_power_off("web", "one", **fast).result(LONG)
    demand(power(vms) == "PowerState/stopped", power(vms))
    ok("it is started, restarted, stopped")
    sizes = list(client.virtual_machine_sizes.list("coffer-local"))
    demand(len(sizes) == len(list(client.resource_skus.list())) == 20, "sizes")
    demand(client.usage.list("coffer-local").next().unit == "Count", "usage")
    for _ in range(2):
        vms.begin_delete("web", "one", **fast).result(LONG)
    demand(not list(vms.list_all()), "it is still there")
    ok("sizes, quotas; it is deleted, once")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    bindir, folder = sys.argv[1], tempfile.mkdtemp(prefix="coffer-stock-")
    os.environ.update(COFFER_BINDIR=bindir, COFFER_STATE_DIR=folder + "/state",
                      COFFER_RUNTIME_DIR=folder + "/run")
    for name in "state", "run":
        os.mkdir(f"{folder}/{name}", 0o700)
    coffer = [bindir + "/coffer"]
    with subprocess.Popen([bindir + "/coffer-serve", "--port", "0", "--quiet"],
                          stdout=subprocess.PIPE, text=True) as service:
        try:
            url = service.stdout.readline().strip()
            token = subprocess.run(coffer + ["serve", "token"], check=True,
                                   capture_output=True, text=True,
                                   timeout=LONG).stdout.strip()
            ca = folder + "/state/serve/tls/ca.pem"
            question = urllib.request.Request(
                url + "/subscriptions?api-version=2024-07-01",
                headers={"Authorization": "Bearer " + token})
            with urllib.request.urlopen(
                    question, timeout=LONG,
                    context=ssl.create_default_context(cafile=ca)) as answer:
                subscription = json.load(answer)["value"][0]["subscriptionId"]
            use(ComputeManagementClient(Credential(token), subscription,
                                        base_url=url, connection_verify=ca))
        finally:
            subprocess.run(coffer + ["vm", "delete", "one", "--force"],
                           capture_output=True, timeout=LONG, check=False)
            service.terminate()
            demand(service.wait(LONG) == 0, "the service ended badly")
            shutil.rmtree(folder)


main()
