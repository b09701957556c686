import { expect, test } from 'vitest'
import { cellClass } from '@/taxonomy'
import { chartOption, slicesOf } from './chartOptions'

const NONE = { percent_low: null, percent_high: null, per_100_wbc: null }
const ROWS = [
    { ...NONE, class: 'band_neutrophil', count: 3, in_denominator: true, percent: 37.5 },
    { ...NONE, class: 'lymphocyte', count: 5, in_denominator: true, percent: 62.5 },
    { ...NONE, class: 'monocyte', count: 0, in_denominator: true, percent: 0 },
    { ...NONE, class: 'unidentified', count: 4, in_denominator: false, percent: null },
]
const slices = slicesOf(ROWS, (id) => `<${id}>`)
const percent = (value: number) => `${value.toFixed(1)} %`

test('a chart shows the counted classes of the denominator in the colours of the taxonomy', () => {
    expect(slices.map(({ name, value }) => [name, value])).toEqual([
        ['<band_neutrophil>', 37.5],
        ['<lymphocyte>', 62.5],
    ])
    expect(slices[0]?.itemStyle.color).toBe(cellClass('band_neutrophil').colour)
})

test.each(['bar', 'pie'] as const)('a %s chart tells what it shows to who cannot see it', (kind) => {
    const option = chartOption(kind, slices, percent, 'two classes')

    expect(option.aria).toEqual({ enabled: true, label: { description: 'two classes' } })
    expect(option.series).toMatchObject({ type: kind, data: slices })
})

test('bars stand in the order of the table and a pie has no axes', () => {
    expect(chartOption('bar', slices, percent, '').yAxis).toMatchObject({
        inverse: true,
        data: ['<band_neutrophil>', '<lymphocyte>'],
    })
    expect(chartOption('pie', slices, percent, '')).not.toHaveProperty('yAxis')
})
