// npm's oauth4webapi against the server: every flow that it knows, for one way of authentication after another.
import { createInterface } from 'node:readline'
import * as oauth from 'oauth4webapi'

const plan = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const ask = async (message) => {
  say(message)
  return JSON.parse((await lines.next()).value)
}
const issuer = new URL(plan.issuer)
const http = { [oauth.allowInsecureRequests]: true }
const server = await oauth.processDiscoveryResponse(
  issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }))

for (const one of plan.clients) {
  let authentication = oauth.None()
  if (one.auth === 'basic') authentication = oauth.ClientSecretBasic(one.secret)
  if (one.auth === 'post') authentication = oauth.ClientSecretPost(one.secret)
  if (one.auth === 'private_key_jwt') {
    const key = await crypto.subtle.importKey(
      'jwk', one.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    authentication = oauth.PrivateKeyJwt({ key, kid: one.jwk.kid })
  }
  const client = { client_id: one.id }
  for (const pushed of [false, true]) {
    for (const bound of [false, true]) {
      const cell = (flow) => [one.auth, pushed ? 'par' : 'plain', bound ? 'dpop' : 'bearer', flow]
      const tried = async (flow, work) => {
        try {
          await work()
          say({ cell: cell(flow), ok: true })
        } catch (error) {
          const why = error.error_description ?? error.error ?? ''
          say({ cell: cell(flow), ok: false, error: `${error.message} ${why} ${error.cause ?? ''}` })
        }
      }
      const check = (good, what) => { if (!good) throw new Error(what) }
      const options = { ...http }
      if (bound) options.DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
      const kind = bound ? 'dpop' : 'bearer'
      let tokens
      await tried('code', async () => {
        const verifier = oauth.generateRandomCodeVerifier()
        const state = oauth.generateRandomState()
        const nonce = oauth.generateRandomNonce()
        const parameters = new URLSearchParams({
          client_id: one.id, response_type: 'code', redirect_uri: plan.redirect,
          scope: 'openid email offline_access orders:read', state, nonce,
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256' })
        const url = new URL(server.authorization_endpoint)
        if (pushed) {
          const answer = await oauth.pushedAuthorizationRequest(
            server, client, authentication, parameters, options)
          const { request_uri } = await oauth.processPushedAuthorizationResponse(
            server, client, answer)
          url.searchParams.set('client_id', one.id)
          url.searchParams.set('request_uri', request_uri)
        } else {
          url.search = parameters.toString()
        }
        const { location } = await ask({ visit: url.href })
        const back = oauth.validateAuthResponse(server, client, new URL(location), state)
        const answer = await oauth.authorizationCodeGrantRequest(
          server, client, authentication, back, plan.redirect, verifier, options)
        tokens = await oauth.processAuthorizationCodeResponse(
          server, client, answer, { expectedNonce: nonce, requireIdToken: true })
        await oauth.validateApplicationLevelSignature(server, answer, http)
        check(tokens.token_type === kind, `token_type is ${tokens.token_type}`)
        const claims = oauth.getValidatedIdTokenClaims(tokens)
        const info = await oauth.userInfoRequest(server, client, tokens.access_token, options)
        const found = await oauth.processUserInfoResponse(server, client, claims.sub, info)
        check(found.email === 'ann@mail.example', 'userinfo has no email')
      })
      await tried('refresh', async () => {
        const answer = await oauth.refreshTokenGrantRequest(
          server, client, authentication, tokens.refresh_token, options)
        const fresh = await oauth.processRefreshTokenResponse(server, client, answer)
        check(fresh.refresh_token !== tokens.refresh_token, 'the refresh token is the same')
        tokens = fresh
      })
      if (one.auth !== 'public') {
        await tried('client credentials', async () => {
          const answer = await oauth.clientCredentialsGrantRequest(
            server, client, authentication, { scope: 'orders:read' }, options)
          const found = await oauth.processClientCredentialsResponse(server, client, answer)
          check(found.token_type === kind, `token_type is ${found.token_type}`)
        })
        await tried('exchange', async () => {
          const answer = await oauth.genericTokenEndpointRequest(
            server, client, authentication, 'urn:ietf:params:oauth:grant-type:token-exchange', {
              subject_token: tokens.access_token,
              subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' }, options)
          const found = await oauth.processGenericTokenEndpointResponse(server, client, answer)
          check(found.issued_token_type.endsWith('access_token'), 'no issued_token_type')
        })
        await tried('introspect', async () => {
          const answer = await oauth.introspectionRequest(
            server, client, authentication, tokens.access_token, http)
          const found = await oauth.processIntrospectionResponse(server, client, answer)
          check(found.active === true && found.client_id === one.id, 'not active')
        })
      }
      if (!pushed) {
        await tried('device', async () => {
          const begun = await oauth.deviceAuthorizationRequest(
            server, client, authentication, { scope: 'openid email' }, options)
          const found = await oauth.processDeviceAuthorizationResponse(server, client, begun)
          await ask({ device: found.verification_uri_complete })
          const answer = await oauth.deviceCodeGrantRequest(
            server, client, authentication, found.device_code, options)
          const device = await oauth.processDeviceCodeResponse(server, client, answer)
          check(device.id_token !== undefined, 'no ID token')
        })
      }
      await tried('revoke', async () => {
        const answer = await oauth.revocationRequest(
          server, client, authentication, tokens.refresh_token, http)
        await oauth.processRevocationResponse(answer)
        const again = await oauth.refreshTokenGrantRequest(
          server, client, authentication, tokens.refresh_token, options)
        check(again.status === 400, 'a revoked token was refreshed')
      })
    }
  }
}
say({ done: true })
process.exit(0)
