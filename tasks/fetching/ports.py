"""Ports that no web page lives on: a request there is a probe, or text smuggled into another protocol."""

# Fetch standard, "bad port" list.
_BAD_PORTS = frozenset(
    {
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95),
        *(101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179),
        *(389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587),
        *(601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000),
        *(6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    }
)

# Servers that answer HTTP, or obey a line of it, with the owner's data and often without a password.
_DATA_STORE_PORTS = frozenset(
    {
        *(1433, 1434),  # SQL Server
        1521,  # Oracle
        2181,  # ZooKeeper
        *(2375, 2376),  # container engine control
        *(2379, 2380),  # etcd
        3306,  # MySQL
        5432,  # PostgreSQL
        5984,  # CouchDB
        *(6379, 6380, 26379),  # Redis and its sentinels
        *(7474, 7687),  # Neo4j
        *(9042, 9160),  # Cassandra
        *(9200, 9300),  # Elasticsearch
        11211,  # memcached
        *(27017, 27018, 27019),  # MongoDB
        *(28015, 29015),  # RethinkDB
    }
)

REFUSED_PORTS = _BAD_PORTS | _DATA_STORE_PORTS
"""Refused below level `none`. Port 0 is not here: it is refused at every level."""
