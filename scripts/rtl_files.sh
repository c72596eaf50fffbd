#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lists the sources of the chip in their order (rtl/mcnn.f), one a line, with paths from the root: for tools that read no file lists.
set -euo pipefail
grep -vE '^\s*(//|#|$|[+-])' "$(dirname "$0")/../rtl/mcnn.f" | sed 's|^|rtl/|'
