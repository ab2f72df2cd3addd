// oidc-provider on loopback: whoever comes is signed in as the login_hint says, and consents.
import { createServer } from 'node:http'
import { generateKeyPair, exportJWK } from 'jose'
import * as oidc from 'oidc-provider'

const { Provider } = oidc
const { clients, nonce, account } = JSON.parse(process.argv[2])
const store = new Map()
const grants = new Map()

class Memory {
  constructor (model) { this.model = model }
  key (id) { return `${this.model}:${id}` }
  async upsert (id, payload) {
    store.set(this.key(id), payload)
    if (payload.grantId) grants.set(payload.grantId, [...(grants.get(payload.grantId) ?? []), this.key(id)])
    if (payload.uid) store.set(`${this.model}:uid:${payload.uid}`, id)
  }
  async find (id) { return store.get(this.key(id)) }
  async findByUid (uid) { return this.find(store.get(`${this.model}:uid:${uid}`)) }
  async findByUserCode () {}
  async destroy (id) { store.delete(this.key(id)) }
  async consume (id) { store.get(this.key(id)).consumed = Math.floor(Date.now() / 1000) }
  async revokeByGrantId (id) { for (const key of grants.get(id) ?? []) store.delete(key) }
}

const jwk = async (kid) => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }
}
const keys = [await jwk('first')]
const seen = { requests: [], logouts: [], account }

const configuration = () => ({
  adapter: Memory,
  clients,
  jwks: { keys },
  cookies: { keys: ['a-secret-of-the-test'] },
  scopes: ['openid', 'email', 'offline_access'],
  claims: { openid: ['sub', 'sid'], email: ['email', 'email_verified'] },
  acrValues: ['gold'],
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client, code) => code.scopes.has('offline_access'),
  ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 3600, Interaction: 600, Grant: 3600, Session: 3600, RefreshToken: 3600 },
  findAccount: async (ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, email: `${id}@mail.example`, email_verified: !id.startsWith('un') })
  }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  fetch: async (url, options) => {
    seen.logouts.push({ url: String(url), body: String(options.body) })
    return new Response(null, { status: 200 })
  },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: nonce
      ? { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true }
      : { enabled: true }
  }
})

let issuer, provider, answer
const renew = () => {
  provider = new Provider(issuer, configuration())
  answer = provider.callback()
}

async function interact (request, response) {
  const details = await provider.interactionDetails(request, response)
  const { prompt, params, session, grantId } = details
  if (params.login_hint === 'denied') {
    return provider.interactionFinished(request, response, { error: 'access_denied', error_description: '<b>no</b>' }, { mergeWithLastSubmission: false })
  }
  if (prompt.name === 'login') {
    const accountId = params.login_hint ?? seen.account ?? 'ann'
    return provider.interactionFinished(request, response, { login: { accountId, acr: 'gold' } }, { mergeWithLastSubmission: false })
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true })
}

async function control (path) {
  if (path.startsWith('/control/account/')) seen.account = path.slice(17) || undefined
  if (path === '/control/rotate') {
    keys.unshift(await jwk(`key${keys.length}`))
    keys.splice(1)
    renew()
  }
  const told = { requests: seen.requests.splice(0), logouts: seen.logouts.splice(0) }
  return JSON.stringify(told)
}

const server = createServer(async (request, response) => {
  try {
    const { pathname } = new URL(request.url, issuer)
    if (pathname.startsWith('/control/')) return response.end(await control(pathname))
    if (pathname.startsWith('/interaction/')) return await interact(request, response)
    seen.requests.push({
      method: request.method, url: request.url, authorization: request.headers.authorization ?? '', dpop: Boolean(request.headers.dpop)
    })
    answer(request, response)
  } catch (error) {
    response.statusCode = 500
    response.end(String(error.stack))
  }
})
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`
  renew()
  console.log(issuer)
})
