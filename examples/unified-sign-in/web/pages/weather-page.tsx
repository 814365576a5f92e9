import type { AuthClient } from 'express-jwt-bearer/browser'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { WeatherForecast } from '../../shared/models.js'

interface WeatherPageProps {
  readonly forecasts: readonly WeatherForecast[]
  readonly client: AuthClient | undefined
}

/** The forecast, for signed-in users. The server renders it; the button asks for it again from the page. */
export function WeatherPage({ forecasts, client }: WeatherPageProps): JSX.Element {
  const [days, setDays] = useState(forecasts)
  const [status, setStatus] = useState('')

  async function update(): Promise<void> {
    setStatus('Updating …')
    const response = await client?.fetch('/api/weather').catch(() => undefined)
    if (response?.ok !== true) {
      setStatus('The forecast could not be updated.')
      return
    }
    setDays((await response.json()) as WeatherForecast[])
    setStatus('Updated just now.')
  }

  return (
    <section>
      <div class="title">
        <h1>Weather</h1>
        <button type="button" class="quiet" onClick={() => void update()}>
          Update
        </button>
      </div>
      <p class="status" role="status">
        {status}
      </p>
      <ul class="forecast">
        {days.map(({ date, temperatureC, summary }) => (
          <li key={date} class="card">
            <time dateTime={date}>{dayName(date)}</time>
            <strong>{temperatureC} °C</strong>
            <span>{summary}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

// One locale and time zone on both sides, so that the browser takes over exactly what was rendered.
const dayFormat = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
})

function dayName(date: string): string {
  return dayFormat.format(new Date(date))
}
