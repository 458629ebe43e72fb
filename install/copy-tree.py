#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""copy-tree.py FROM TO: copies a tree of headers to TO, below the prefix
that Meson installs to; links are followed."""
import os
import shutil
import sys

target = os.path.join(os.environ["MESON_INSTALL_DESTDIR_PREFIX"], sys.argv[2])
shutil.copytree(sys.argv[1], target, dirs_exist_ok=True)
