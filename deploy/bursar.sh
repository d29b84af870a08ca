#!/bin/sh
# /usr/local/bin/bursar: the command with the user and the settings of the units, for root.
# Files that you name must be readable for the user bursar, and absolute.
exec systemd-run --quiet --pipe --wait --collect --uid=bursar \
    --property=EnvironmentFile=/etc/bursar/environment --property=UMask=0077 \
    --property=StateDirectory=bursar --property=StateDirectoryMode=0700 --working-directory=/var/lib/bursar \
    /opt/bursar/.venv/bin/bursar "$@"
