import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAuthApi } from './auth-api/create-auth-api.js'
import type { NewUser } from './auth-api/users.js'
import { createWebApp } from './web/create-web-app.js'

/** The user that everybody can try the example with. */
export const demoUser: NewUser = {
  email: 'demo@example.com',
  password: 'demo-password',
  firstName: 'Demo',
  lastName: 'Person',
  roles: ['User'],
}

/** How the example is started; a test uses other values than a person. */
export interface StartOptions {
  readonly port?: number
  readonly accessTokenLifetime?: number
  readonly insecureCookie?: boolean
  readonly users?: readonly NewUser[]
}

/** The example at work. */
export interface RunningExample {
  readonly url: string
  readonly authApiUrl: string
  close(): Promise<void>
}

/** Starts the Auth API and the web application on loopback. */
export async function startUnifiedSignIn(options: StartOptions = {}): Promise<RunningExample> {
  const { port = 0, accessTokenLifetime = 600, insecureCookie = false } = options
  const api = await listen(0)
  const web = await listen(port)
  const users = [demoUser, ...(options.users ?? [])]
  api.serve(await createAuthApi({ url: api.url, users, accessTokenLifetime }))
  web.serve(await createWebApp({ authApiUrl: api.url, insecureCookie }))
  return {
    url: web.url,
    authApiUrl: api.url,
    close: async () => {
      await Promise.all([web.close(), api.close()])
    },
  }
}

// The API must know its own address before it exists, so the server listens first.
async function listen(port: number) {
  const server: Server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (listener: RequestListener) => server.on('request', listener),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
