import type { BarSeriesOption, PieSeriesOption } from 'echarts/charts'
import type { AriaComponentOption, GridComponentOption, TooltipComponentOption } from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import type { Schema } from '@/api/types'
import { cellClass } from '@/taxonomy'

export type ChartOption = ComposeOption<
    BarSeriesOption | PieSeriesOption | AriaComponentOption | GridComponentOption | TooltipComponentOption
>
export type ChartKind = 'bar' | 'pie'
type Row = Schema<'DifferentialRow'>

interface Slice {
    name: string
    value: number
    itemStyle: { color: string; borderColor: string; borderWidth: number }
}

/** The counted classes of the denominator, in the order of the taxonomy, with its colours. Percent, not rounded. */
export function slicesOf(rows: readonly Row[], nameOf: (id: string) => string): Slice[] {
    return rows
        .filter((row) => row.in_denominator && row.count > 0)
        .map((row) => ({
            name: nameOf(row.class),
            value: row.percent ?? 0,
            // pale classes would fade into the page without a line around them
            itemStyle: { color: cellClass(row.class).colour, borderColor: '#5f6368', borderWidth: 0.5 },
        }))
}

/** `percent` writes a number for a person; `description` is what a screen reader says. */
export function chartOption(
    kind: ChartKind,
    slices: Slice[],
    percent: (value: number) => string,
    description: string,
): ChartOption {
    const shown = {
        animation: false,
        aria: { enabled: true, label: { description } },
        tooltip: { trigger: 'item', valueFormatter: (value: unknown) => percent(Number(value)) },
    } satisfies ChartOption
    return kind === 'pie'
        ? { ...shown, series: pie(slices, percent) }
        : {
              ...shown,
              grid: { left: 8, right: 56, top: 8, bottom: 8, containLabel: true },
              xAxis: { type: 'value', min: 0, axisLabel: { formatter: '{value} %' } },
              yAxis: {
                  type: 'category',
                  inverse: true, // the first class on top, as in the table
                  data: slices.map(({ name }) => name),
                  axisLabel: { interval: 0 },
              },
              series: bars(slices, percent),
          }
}

function bars(slices: Slice[], percent: (value: number) => string): BarSeriesOption {
    return {
        type: 'bar',
        barMaxWidth: 18,
        data: slices,
        label: { show: true, position: 'right', formatter: ({ value }) => percent(Number(value)) },
    }
}

function pie(slices: Slice[], percent: (value: number) => string): PieSeriesOption {
    return {
        type: 'pie',
        radius: ['30%', '58%'],
        data: slices,
        label: { overflow: 'none', formatter: ({ name, value }) => `${name}\n${percent(Number(value))}` },
    }
}
