// What changes for callers when an API moves to this package from another one?
//
//   npm run example migration                  the packages
//   npm run example migration express-jwt      the same requests to the app before and after, side by side
//
// The first time it installs the other packages, in this folder alone.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { compare, packages, type PackageName } from './compare.js'
import { makeCertificate } from './certificate.js'

const [name, format] = process.argv.slice(2)
if (!packages.some((each) => each === name)) {
  for (const each of packages) console.log(`npm run example migration ${each}`)
  process.exit(name === undefined ? 0 : 1)
}
if (!existsSync(new URL('node_modules', import.meta.url))) {
  console.error('Installing the other packages …')
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: import.meta.dirname, stdio: 'ignore' })
}

// Its certificate was made just now, for this machine: nobody else's issuer is ever reached this way.
if (name === 'passport-azure-ad') process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
process.removeAllListeners('warning')
const compared = await compare(name as PackageName, makeCertificate())
if (format === '--json') console.log(JSON.stringify(compared))
else console.table(compared)
process.exit(0)
