/** A way that tasks go: a line, and marks that travel along it as fast as the rate says. Never one mark for one task. */
import { BaseEdge, getBezierPath, type EdgeProps } from "@xyflow/react";
import { rate } from "../numbers.ts";
import { paceOf, type Pace } from "./pace.ts";

/** @property isNamed whether the rate is written beside it: where few ways are drawn. */
export type FlowData = { perSecond: number; failed: number; isNamed: boolean };

export function FlowEdge(edge: EdgeProps) {
  const [path, x, y] = getBezierPath(edge);
  const { perSecond, failed, isNamed } = edge.data as FlowData;
  const isUpright = Math.abs(edge.sourceX - edge.targetX) < Math.abs(edge.sourceY - edge.targetY);
  return (
    <>
      <BaseEdge path={path} className="way" />
      <Marks path={path} pace={paceOf(perSecond - failed)} kind="flow" />
      <Marks path={path} pace={paceOf(failed)} kind="flow flow-failed" />
      {isNamed && perSecond > 0 && (
        <text
          className="flow-rate"
          x={isUpright ? x + 12 : x}
          y={isUpright ? y + 4 : y - 10}
          textAnchor={isUpright ? "start" : "middle"}
        >
          {rate(perSecond)}/s
        </text>
      )}
    </>
  );
}

function Marks({ path, pace, kind }: { path: string; pace: Pace | null; kind: string }) {
  if (pace === null) return null;
  return (
    <path
      d={path}
      className={kind}
      style={{
        strokeWidth: pace.widthPx,
        strokeDasharray: `0.1 ${pace.gapPx}`,
        animationDuration: `${pace.seconds}s`,
        ["--gap" as string]: `${-(pace.gapPx + 0.1)}px`,
      }}
    />
  );
}
