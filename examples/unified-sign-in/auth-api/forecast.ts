import type { WeatherForecast } from '../shared/models.js'

const summaries = ['Freezing', 'Bracing', 'Chilly', 'Cool', 'Mild', 'Warm', 'Balmy', 'Hot']

/** Makes up the weather of the next five days; the same day always gets the same weather. */
export function forecast(from: Date): readonly WeatherForecast[] {
  return [1, 2, 3, 4, 5].map((offset) => {
    const day = new Date(from.getTime() + offset * 86_400_000)
    const number = Math.floor(day.getTime() / 86_400_000)
    const temperatureC = ((number * 13) % 45) - 8
    const step = Math.floor(((temperatureC + 8) / 45) * summaries.length)
    return {
      date: day.toISOString().slice(0, 10),
      temperatureC,
      summary: summaries[step] as string,
    }
  })
}
