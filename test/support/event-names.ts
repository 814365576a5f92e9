/** The events of `jwtBearer()`, in the order in which the guide lists them. */
export const eventNames = [
  'onMessageReceived',
  'onTokenValidated',
  'onAuthenticationFailed',
  'onChallenge',
  'onForbidden',
] as const
