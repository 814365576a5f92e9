// How does one sign-in serve pages that the server renders and pages that run in the browser?
//
// Starts an Auth API, which signs users in and has the weather for them, and a web application that
// renders its pages as its user and lets the same components take over in the browser.
//
//   npm run example:unified-sign-in
//
// PORT                   of the web application, 3002 by default
// ACCESS_TOKEN_LIFETIME  in seconds, 600 by default; with 5 one can watch tokens being refreshed
// INSECURE_COOKIE=1      for browsers that refuse Secure cookies on http, such as Safari
import { announce } from '../shared/announce.js'
import { cannotListen } from '../listen.js'
import { readNumber, readPort, readSwitch } from '../shared/settings.js'
import { demoUser, startUnifiedSignIn } from './start.js'

const port = readPort(3002)

try {
  const { url, authApiUrl } = await startUnifiedSignIn({
    port,
    accessTokenLifetime: readNumber('ACCESS_TOKEN_LIFETIME', 600, [1, 86_400]),
    insecureCookie: readSwitch('INSECURE_COOKIE'),
  })
  console.log(`Web application: ${url}`)
  console.log(`Auth API:        ${authApiUrl}`)
  const { email, password } = demoUser
  announce({
    users: `${email} with the password ${password}`,
    tries: [
      [
        '200: the weather, by the cookie that the login form gives',
        `-L -b '' ${url}/login -d 'email=${email}&password=${password}&ReturnUrl=/api/weather'`,
      ],
      ['401: nobody in particular', `${url}/api/weather`],
    ],
  })
} catch (error) {
  if ((error as NodeJS.ErrnoException).syscall !== 'listen') throw error
  cannotListen(port, error as NodeJS.ErrnoException)
}
