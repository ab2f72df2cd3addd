// npm's openid-client against the server: every flow that it knows, for one way of authentication after another.
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const plan = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const ask = async (message) => {
  say(message)
  return JSON.parse((await lines.next()).value)
}
const insecure = [client.allowInsecureRequests]
const resource = plan.resource

for (const one of plan.clients) {
  let authentication = client.None()
  let metadata = {}
  if (one.auth === 'basic') authentication = client.ClientSecretBasic(one.secret)
  if (one.auth === 'post') authentication = client.ClientSecretPost(one.secret)
  if (one.auth === 'private_key_jwt') {
    const key = await crypto.subtle.importKey(
      'jwk', one.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    authentication = client.PrivateKeyJwt({ key, kid: one.jwk.kid })
  }
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
      const config = await client.discovery(
        new URL(plan.issuer), one.id, metadata, authentication, { execute: insecure })
      const options = {}
      if (bound) {
        options.DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
      }
      const kind = bound ? 'dpop' : 'bearer'
      let tokens
      await tried('code', async () => {
        const verifier = client.randomPKCECodeVerifier()
        const state = client.randomState()
        const nonce = client.randomNonce()
        const parameters = {
          redirect_uri: plan.redirect, scope: 'openid email offline_access orders:read',
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256', state, nonce,
        }
        const url = pushed
          ? await client.buildAuthorizationUrlWithPAR(config, parameters, options)
          : client.buildAuthorizationUrl(config, parameters)
        const { location } = await ask({ visit: url.href })
        tokens = await client.authorizationCodeGrant(config, new URL(location), {
          pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce,
          idTokenExpected: true }, undefined, options)
        check(tokens.token_type === kind, `token_type is ${tokens.token_type}`)
        const info = await client.fetchUserInfo(
          config, tokens.access_token, tokens.claims().sub, options)
        check(info.email === 'ann@mail.example', 'userinfo has no email')
      })
      await tried('refresh', async () => {
        const fresh = await client.refreshTokenGrant(
          config, tokens.refresh_token, undefined, options)
        check(fresh.refresh_token !== tokens.refresh_token, 'the refresh token is the same')
        check(fresh.token_type === kind, `token_type is ${fresh.token_type}`)
        tokens = fresh
      })
      if (one.auth !== 'public') {
        await tried('client credentials', async () => {
          const found = await client.clientCredentialsGrant(
            config, { scope: 'orders:read', resource }, options)
          check(found.token_type === kind, `token_type is ${found.token_type}`)
        })
        await tried('exchange', async () => {
          const found = await client.genericGrantRequest(
            config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
              subject_token: tokens.access_token, resource, scope: 'orders:read',
              subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' }, options)
          check(found.issued_token_type.endsWith('access_token'), 'no issued_token_type')
        })
        await tried('introspect', async () => {
          const found = await client.tokenIntrospection(config, tokens.access_token)
          check(found.active === true && found.client_id === one.id, 'not active')
        })
      }
      if (!pushed) {
        await tried('device', async () => {
          const found = await client.initiateDeviceAuthorization(
            config, { scope: 'openid email' })
          await ask({ device: found.verification_uri_complete })
          const device = await client.pollDeviceAuthorizationGrant(
            config, { ...found, interval: 1 }, undefined, options)
          check(device.claims().sub.length > 0, 'no subject')
        })
      }
      await tried('revoke', async () => {
        await client.tokenRevocation(config, tokens.refresh_token)
        let refused = false
        try {
          await client.refreshTokenGrant(config, tokens.refresh_token, undefined, options)
        } catch (error) {
          refused = error.error === 'invalid_grant'
        }
        check(refused, 'a revoked token was refreshed')
      })
      await tried('logout', async () => {
        const url = client.buildEndSessionUrl(config, {
          post_logout_redirect_uri: plan.afterwards, id_token_hint: tokens.id_token, state: 's' })
        const { location } = await ask({ visit: url.href })
        check(location === `${plan.afterwards}?state=s`, `led to ${location}`)
      })
    }
  }
}
say({ done: true })
process.exit(0)
