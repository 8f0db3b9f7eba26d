"""Where a person looks at an offer."""

#: Partner Center's list of offers; an offer's own page goes by a product id, which this API doesn't tell.
PORTAL = "https://partner.microsoft.com/dashboard/marketplace-offers/overview"
