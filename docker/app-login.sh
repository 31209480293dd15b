#!/bin/sh
# Runs once, when the database is first made: the logins of the server, with one password. Migrations give them their rights.
set -eu
for login in app identity publisher audit auditor; do
    psql --username postgres --dbname datdai --set ON_ERROR_STOP=1 \
        --set login="datdai_$login" --set password="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE :"login" LOGIN NOINHERIT PASSWORD :'password';
SQL
done
