"""The only package that opens connections: cluster, migrations, pools, named queries."""
