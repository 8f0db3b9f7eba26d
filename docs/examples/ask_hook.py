"""Ask the hook from a function of your own for the status of each offer."""

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

with DAG("ask_hook", schedule=None):

    @task
    def statuses():
        """Return the service's word for each of the publisher's offers."""
        return {offer.id: offer.status for offer in CloudPartnerPortalHook().list_offers()}

    statuses()
