// What both apps of a pair have in common: the handlers behind the guards, and the answer to errors.

export const privateHandler = (_req, res) => {
  res.json({ ok: true })
}

export const reportsHandler = (_req, res) => {
  res.json({ reports: [] })
}

export const optionalHandler = (_req, res) => {
  res.json({ public: true })
}

// Express knows an error handler by its four parameters.
export const answerErrors = (error, _req, res, next) => {
  if (res.headersSent) next(error)
  else res.status(error.status ?? error.statusCode ?? 500).json({ code: error.code })
}
