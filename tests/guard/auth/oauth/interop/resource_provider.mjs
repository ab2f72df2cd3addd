// oidc-provider on loopback, which gives clients tokens for resources: signed ones, and ones to ask about.
import { createServer } from 'node:http'
import { generateKeyPair, exportJWK } from 'jose'
import * as oidc from 'oidc-provider'

const { clients } = JSON.parse(process.argv[2])
const jwk = async (alg) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: alg, alg, use: 'sig' }
}
const configuration = {
  clients,
  jwks: { keys: [await jwk('RS256'), await jwk('ES256')] },
  cookies: { keys: ['a-secret-of-the-test'] },
  scopes: ['orders:read'],
  clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: async (ctx, resource) => ({
        scope: 'orders:read',
        audience: resource,
        accessTokenTTL: 60,
        accessTokenFormat: resource.endsWith('/signed') ? 'jwt' : 'opaque',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
}
const server = createServer((request, response) => answer(request, response))
let answer
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  answer = new oidc.Provider(issuer, configuration).callback()
  console.log(issuer)
})
