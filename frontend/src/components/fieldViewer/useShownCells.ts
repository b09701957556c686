import { computed, ref } from 'vue'
import type { FieldCell } from './geometry'
import { groupByClass } from './painting'

/** Which cells have a box on the picture: all, none, or those of some classes. */
export function useShownCells(cells: () => readonly FieldCell[]) {
    const areBoxesHidden = ref(false)
    const hiddenClasses = ref<ReadonlySet<string>>(new Set())
    const groups = computed(() => groupByClass(cells()))
    const shownGroups = computed(
        () =>
            new Map(
                [...groups.value].filter(
                    ([classId]) => !areBoxesHidden.value && !hiddenClasses.value.has(classId),
                ),
            ),
    )
    const shownCells = computed(() => [...shownGroups.value.values()].flat())

    return { groups, shownGroups, shownCells, areBoxesHidden, hiddenClasses }
}
