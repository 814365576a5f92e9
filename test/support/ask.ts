import {
  authorize,
  jwtBearer,
  type AuthorizeArgument,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import express from 'express'
import request from 'supertest'
import { createApp } from './create-app.js'

/** One request to a guarded app, as one line: status, caller, challenge. */
export async function ask(
  options: JwtBearerOptions,
  authorization: string | undefined,
  ...requirements: AuthorizeArgument[]
): Promise<string> {
  const app = createApp(express, jwtBearer(options), authorize(...requirements))
  const call = request(app).get('/')
  const answer = await (authorization === undefined
    ? call
    : call.set('Authorization', authorization))
  const { user } = answer.body as { user?: string }
  const headers = answer.headers as Record<string, string | undefined>
  return [answer.status, user, headers['www-authenticate']]
    .filter((part) => part !== undefined)
    .join(' ')
}
