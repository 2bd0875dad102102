"""The parts of the docker: each shows values and says what the user did, and knows nothing of hosts and backends."""
