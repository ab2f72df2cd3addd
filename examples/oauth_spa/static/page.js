// Code flow with PKCE (RFC 7636) and DPoP (RFC 9449). Tokens stay in this page's memory, and the key that
// they are bound to cannot be taken out of the browser.
const settings = await (await fetch('/settings.json')).json()
const server = await (await fetch(`${settings.issuer}/.well-known/openid-configuration`)).json()
if (server.issuer !== settings.issuer) throw new Error('this is the metadata of another issuer')
const own = `${location.origin}/`
const show = (text) => { document.getElementById('state').textContent = text }
const button = (name, seen, work) => {
  const found = document.getElementById(name)
  found.hidden = !seen
  found.onclick = () => work().catch((error) => show(error.message))
}
const encoder = new TextEncoder()
const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))
const sha256 = async (text) => base64url(await crypto.subtle.digest('SHA-256', encoder.encode(text)))
const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
let tokens = null

async function proof(method, url, token) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey)
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }
  const claims = { htm: method, htu: url, iat: Math.floor(Date.now() / 1000), jti: random() }
  if (token) claims.ath = await sha256(token)
  const message = [header, claims].map((part) => base64url(encoder.encode(JSON.stringify(part)))).join('.')
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, encoder.encode(message))
  return `${message}.${base64url(signature)}`
}

async function asked(parameters) {
  const answer = await fetch(server.token_endpoint, {
    method: 'POST',
    headers: { DPoP: await proof('POST', server.token_endpoint) },
    body: new URLSearchParams({ client_id: settings.client, resource: settings.api, ...parameters }),
  })
  const found = await answer.json()
  if (!answer.ok) throw new Error(`The server says ${found.error}.`)
  return found
}

async function enter() {
  const waiting = { state: random(), verifier: random(), nonce: random() }
  sessionStorage.setItem('waiting', JSON.stringify(waiting))
  location.assign(`${server.authorization_endpoint}?${new URLSearchParams({
    client_id: settings.client, response_type: 'code', redirect_uri: own, scope: 'openid orders:read',
    resource: settings.api, state: waiting.state, nonce: waiting.nonce,
    code_challenge: await sha256(waiting.verifier), code_challenge_method: 'S256',
  })}`)
}

async function returned(answer) {
  const waiting = JSON.parse(sessionStorage.getItem('waiting') ?? '{}')
  sessionStorage.removeItem('waiting')
  history.replaceState(null, '', '/')
  if (!waiting.state || answer.get('state') !== waiting.state) throw new Error('This answer belongs to no question of this page.')
  if (answer.get('iss') !== settings.issuer) throw new Error('This answer is of another server.')
  if (answer.has('error')) throw new Error(`The server says ${answer.get('error')}.`)
  tokens = await asked({
    grant_type: 'authorization_code', code: answer.get('code'), redirect_uri: own, code_verifier: waiting.verifier })
  const claims = JSON.parse(atob(tokens.id_token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
  if (claims.nonce !== waiting.nonce || claims.aud !== settings.client) throw new Error('This ID token is not for this page.')
}

async function orders() {
  const url = `${settings.api}/orders`
  const answer = await fetch(url, {
    headers: { Authorization: `DPoP ${tokens.access_token}`, DPoP: await proof('GET', url, tokens.access_token) } })
  if (!answer.ok) throw new Error(`The interface answers ${answer.status}.`)
  const list = document.getElementById('orders')
  list.replaceChildren(...(await answer.json()).map((text) => {
    const item = document.createElement('li')
    item.textContent = text
    return item
  }))
  show('You are signed in. These are your orders:')
}

async function again() {
  tokens = { ...tokens, ...await asked({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token }) }
  await orders()
  show('These are your orders, by new tokens:')
}

async function leave() {
  location.assign(`${server.end_session_endpoint}?${new URLSearchParams({
    id_token_hint: tokens.id_token, post_logout_redirect_uri: own })}`)
}

try {
  const answer = new URLSearchParams(location.search)
  if (answer.has('state')) {
    await returned(answer)
    await orders()
  } else {
    show('You are not signed in.')
  }
} catch (error) {
  show(error.message)
}
button('enter', tokens === null, enter)
button('again', tokens !== null, again)
button('leave', tokens !== null, leave)
