import { defineComponent, h } from 'vue'
import { expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { useMetricName } from './useMetricName'

const shipped = import.meta.glob<{ metrics: Record<string, number> }>(
    '../../../../../src/hemascope/bundles/*/manifest.json',
    { import: 'default', eager: true },
)

async function namesOf(metrics: readonly string[]): Promise<string[]> {
    const List = defineComponent({
        setup() {
            const nameOf = useMetricName()
            return () => h('pre', metrics.map(nameOf).join('\n'))
        },
    })
    const { wrapper } = await mountInApp(List)
    return wrapper.get('pre').element.textContent.split('\n')
}

test('metrics of a class, an overlap or other cells are named by what they are', async () => {
    const metrics = [
        'f1_myelocyte',
        'ap75_wbc',
        'ar',
        'top5_accuracy',
        'macro_f1_detected_crops',
        'of_tomorrow',
    ]

    expect(await namesOf(metrics)).toEqual([
        'F1, Myelocyte',
        'Average precision, IoU 0.75, White cells',
        'Average recall (AR)',
        'Right class among the first 5',
        'F1, mean of the classes, on cells cut out by the detector',
        'of_tomorrow',
    ])
})

test('every metric of the models that ship has a name', async () => {
    const metrics = Object.values(shipped).flatMap((manifest) => Object.keys(manifest.metrics))
    expect(metrics.length).toBeGreaterThan(50)

    for (const name of await namesOf(metrics)) expect(name).not.toMatch(/_/)
})
