"""What lies in landing: deliveries, and archives as folders of them."""
