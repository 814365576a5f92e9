/** What every request to the server needs: clients ask for it when they connect. */
export const useScope = 'mcp.use'

/** What some tools need besides: clients ask for it when they first call one. */
export const writeScope = 'notes.write'

/** How many seconds ago, at most, people must have signed in for what cannot be undone. */
export const freshSignIn = 300
