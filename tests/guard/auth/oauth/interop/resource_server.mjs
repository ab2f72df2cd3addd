// oauth4webapi calls a protected resource: by Bearer and by DPoP, with nonces, and reads its refusals.
import * as oauth from 'oauth4webapi'
import { readFileSync } from 'node:fs'

const plan = JSON.parse(readFileSync(0, 'utf8'))
const insecure = { [oauth.allowInsecureRequests]: true }
const client = { client_id: 's6BhdRkqt3' }
const told = {}

async function proofs(jwk) {
  const curve = { name: 'ECDSA', namedCurve: 'P-256' }
  const { d, ...open } = jwk
  return oauth.DPoP(client, {
    privateKey: await crypto.subtle.importKey('jwk', jwk, curve, false, ['sign']),
    publicKey: await crypto.subtle.importKey('jwk', open, curve, true, ['verify']),
  })
}

async function call(name, token, path, DPoP, method = 'GET', body = undefined) {
  const url = new URL(plan.resource + path)
  const ask = () =>
    oauth.protectedResourceRequest(token, method, url, new Headers(), body, { ...insecure, DPoP })
  const nonces = []
  for (let again = 0; again < 3; again++) {
    try {
      const answer = await ask()
      told[name] = { status: answer.status, body: await answer.text(), nonces: nonces.length }
      return
    } catch (error) {
      if (DPoP && oauth.isDPoPNonceError(error)) {
        nonces.push(error.response.headers.get('dpop-nonce'))
        continue
      }
      if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error
      told[name] = { status: error.status, challenges: error.cause, nonces: nonces.length }
      return
    }
  }
}

const ours = await proofs(plan.jwk)
const theirs = await proofs(plan.other)
told.thumbprint = await ours.calculateThumbprint()
const found = await oauth.processResourceDiscoveryResponse(
  new URL(plan.resource),
  await oauth.resourceDiscoveryRequest(new URL(plan.resource), insecure),
)
told.metadata = found
await call('bearer', plan.bearer, '/orders')
await call('dpop', plan.bound, '/orders?page=1', ours)
await call('dpop again', plan.bound, '/orders', ours)
await call('dpop post', plan.bound, '/orders', ours, 'POST', 'x')
await call('dpop with an escape', plan.bound, '/orders/a%20b%2Fc', ours)
await call('bound as bearer', plan.bound, '/orders')
await call('another key', plan.bound, '/orders', theirs)
await call('nonsense', 'nonsense', '/orders')
await call('scope', plan.bearer, '/written')
await call('step-up', plan.bearer, '/paid')
console.log(JSON.stringify(told))
