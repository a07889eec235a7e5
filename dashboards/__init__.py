"""Streamlit pages over the marts. They read by SQL as the tenant's reader and act through the HTTP API."""
