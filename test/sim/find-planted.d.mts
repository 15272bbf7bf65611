import type { PlantedBug } from './planted.mjs'

export function findPlanted(
  workers: number,
  tell: (line: string) => void,
  only?: readonly PlantedBug[],
): Promise<{ bug: string; foundAfterSeeds: number | null }[]>
