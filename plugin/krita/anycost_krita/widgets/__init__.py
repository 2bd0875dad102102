"""Widgets of the docker: each shows values and reports what the user did; none knows hosts and backends."""
