/** The API, as the provider and the tokens call it. */
export const audience = 'api://orders'
export const scope = 'orders.read'

/** A client that acts for itself. */
export const service = { client_id: 'report-service', client_secret: 'demo-secret-of-the-service' }

/** A client that acts for the user who signed in. */
export const web = {
  client_id: 'shop-web',
  client_secret: 'demo-secret-of-the-shop',
  redirect_uris: ['http://127.0.0.1:1/callback'] as [string],
}
