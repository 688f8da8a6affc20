#!/bin/sh
# Makes .venv from the lock, with Python 3.11; installs Debian's python3-venv when it is missing.
# $1: the lock; $2: the file that says it is done
set -eu

python=
for candidate in "${PYTHON:-python3.11}" python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "需要 Python 3.11，请安装或用 PYTHON=… 指定 / Python 3.11 is needed: install it, or name it with PYTHON=…" >&2
    exit 1
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    become=
    [ "$(id -u)" = 0 ] || become=sudo
    if ! command -v apt-get >/dev/null 2>&1 || { [ -n "$become" ] && ! command -v sudo >/dev/null 2>&1; }; then
        echo "$python 缺少 venv，请用 root 执行 / lacks venv, please run as root: apt-get install -y python3-venv" >&2
        exit 1
    fi
    echo "正在安装 python3-venv / installing python3-venv" >&2
    if ! { $become apt-get -qq update && $become apt-get -qq install -y --no-install-recommends python3-venv; } >&2; then
        echo "安装失败，请用 root 执行 / failed, please run as root: apt-get install -y python3-venv" >&2
        exit 1
    fi
fi

echo "正在按 $1 准备 .venv（首次约一分钟）/ making .venv from $1" >&2
[ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1" >&2
rm -f .venv/.installed-*
touch "$2"
