/** A client that acts for itself, and what it asks a provider for. */
interface ServiceRequest {
  readonly client_id: string
  readonly client_secret: string
  readonly resource: string
  readonly scope: string
}

/** Writes the words behind `curl` that get a token by client credentials and send it along. */
export function curlForToken(provider: string, request: ServiceRequest): string {
  const { client_id, client_secret, resource, scope } = request
  const form = `grant_type=client_credentials&resource=${resource}&scope=${scope}`
  const ask = `curl -s -u ${client_id}:${client_secret} -d '${form}' ${provider}/token`
  return `-H "Authorization: Bearer $(${ask} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')"`
}
