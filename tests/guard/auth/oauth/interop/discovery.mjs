// npm's oauth4webapi finds the server by its issuer alone, both ways, and asks for a token where it says.
import * as oauth from 'oauth4webapi'

const plan = JSON.parse(process.argv[2])
const issuer = new URL(plan.issuer)
const http = { [oauth.allowInsecureRequests]: true }
for (const algorithm of ['oauth2', 'oidc']) {
  const server = await oauth.processDiscoveryResponse(
    issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm }))
  const client = { client_id: plan.id }
  const answer = await oauth.clientCredentialsGrantRequest(
    server, client, oauth.ClientSecretBasic(plan.secret), { scope: 'orders:read' }, http)
  const tokens = await oauth.processClientCredentialsResponse(server, client, answer)
  console.log(JSON.stringify({ algorithm, scope: tokens.scope }))
}
