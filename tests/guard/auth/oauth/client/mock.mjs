// oauth2-mock-server on loopback.
import { OAuth2Server } from 'oauth2-mock-server'

const { email } = JSON.parse(process.argv[2])
const server = new OAuth2Server()
await server.issuer.keys.generate('RS256')
await server.start(0, '127.0.0.1')
server.issuer.url = `http://127.0.0.1:${server.address().port}`
server.service.on('beforeTokenSigning', (token) => { token.payload.email = email })
server.service.on('beforeUserinfo', (answer) => { answer.body = { sub: 'johndoe', email, email_verified: true } })
console.log(server.issuer.url)
