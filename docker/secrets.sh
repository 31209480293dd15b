#!/bin/sh
# Make the passwords that compose.yml mounts; those that exist stay.
set -eu
umask 022
cd "$(dirname "$0")"
mkdir -p -m 700 secrets
for who in admin app; do
    [ -s "secrets/${who}_password" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/${who}_password"
done
printf 'postgresql://postgres:%s@database/datdai' "$(cat secrets/admin_password)" >secrets/admin_url
printf 'postgresql://datdai_app:%s@database/datdai' "$(cat secrets/app_password)" >secrets/app_url
