import cookieParser from 'cookie-parser'
import express, { type RequestHandler } from 'express'
import * as core from 'express-jwt-bearer'
import * as browser from 'express-jwt-bearer/browser'
import * as session from 'express-jwt-bearer/session'
import * as issuer from 'express-jwt-bearer/issuer'
import * as protectedResource from 'express-jwt-bearer/protected-resource'
import * as postgres from 'express-jwt-bearer/postgres'
import * as redis from 'express-jwt-bearer/redis'
import * as testing from 'express-jwt-bearer/testing'
import * as jose from 'jose'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import supertest from 'supertest'
import ts from 'typescript'
import * as ws from 'ws'
import * as zod from 'zod'

// An app that a snippet starts listens nowhere; supertest finds it a port.
const quietExpress = Object.assign(
  () => Object.assign(express(), { listen: () => undefined }),
  express,
)

// What stands before the guards answers preflights, as the real package does.
const cors = (): RequestHandler => (req, res, next) => {
  if (req.method === 'OPTIONS') res.sendStatus(204)
  else next()
}

const packages: Readonly<Record<string, unknown>> = {
  cors: { default: cors, __esModule: true },
  'cookie-parser': { default: cookieParser, __esModule: true },
  express: { default: quietExpress, Router: express.Router, __esModule: true },
  'express-jwt-bearer': core,
  'express-jwt-bearer/browser': browser,
  'express-jwt-bearer/session': session,
  'express-jwt-bearer/issuer': issuer,
  'express-jwt-bearer/postgres': postgres,
  'express-jwt-bearer/protected-resource': protectedResource,
  'express-jwt-bearer/redis': redis,
  'express-jwt-bearer/testing': testing,
  jose,
  'node:crypto': { randomUUID },
  'node:http': { createServer },
  supertest: { default: supertest, __esModule: true },
  ws,
  zod,
}

type Run = (
  require: (name: string) => unknown,
  exports: object,
  borrowed: object,
) => Promise<object>

/**
 * Runs a snippet.
 *
 * @param code - The snippet.
 * @param borrowed - Values it takes from the app around it, by name.
 * @param modules - Modules it imports besides packages.
 * @param wanted - Names whose values it should give back.
 */
export async function runSnippet(
  code: string,
  borrowed: object,
  modules: Readonly<Record<string, unknown>> = {},
  wanted: readonly string[] = [],
): Promise<{ exports: object; values: object }> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
    },
  })
  const AsyncFunction = runSnippet.constructor as new (...source: string[]) => Run
  // A block of its own, so that the snippet may declare a name that it could also have borrowed.
  const run = new AsyncFunction(
    'require',
    'exports',
    'borrowed',
    `const { ${Object.keys(borrowed).join(', ')} } = borrowed
    { ${outputText}
      return { ${wanted.join(', ')} } }`,
  )
  const exports = {}
  const all = { ...packages, ...modules }
  const values = await run((name) => all[name as keyof typeof all], exports, borrowed)
  return { exports, values }
}
