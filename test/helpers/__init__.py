"""What several tests share: people who act, small networks and data sets, peers over DDS, hostile files."""
