#!/bin/sh
# Runs once, when the database is first made: the server's login with its password. Migrations give it its rights.
set -eu
psql --username postgres --dbname datdai --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE datdai_app LOGIN NOINHERIT PASSWORD :'password';
SQL
