import express from 'express'
import Keycloak from 'keycloak-connect'
import { answerErrors, privateHandler, reportsHandler } from '../handlers.js'

export function createApp({ keycloakUrl, audience }) {
  const keycloak = new Keycloak(
    {},
    {
      realm: 'shop',
      'auth-server-url': keycloakUrl,
      resource: audience,
      'bearer-only': true,
      'verify-token-audience': true,
      'confidential-port': 0,
      'ssl-required': 'none',
    },
  )

  const app = express()
  app.use(keycloak.middleware())
  app.get('/private', keycloak.protect(), privateHandler)
  app.get('/reports', keycloak.protect('realm:reports'), reportsHandler)
  app.use(answerErrors)
  return app
}
