/** A way that tasks go: a line, and marks that travel along it as fast as the rate says. Never one mark for one task. */
import { BaseEdge, getBezierPath, type EdgeProps } from "@xyflow/react";
import { paceOf } from "./pace.ts";

export function FlowEdge(edge: EdgeProps) {
  const [path] = getBezierPath(edge);
  const pace = paceOf((edge.data as { perSecond: number }).perSecond);
  return (
    <>
      <BaseEdge path={path} className="way" />
      {pace !== null && (
        <path
          d={path}
          className="flow"
          style={{
            strokeWidth: pace.widthPx,
            strokeDasharray: `0.1 ${pace.gapPx}`,
            animationDuration: `${pace.seconds}s`,
            ["--gap" as string]: `${-(pace.gapPx + 0.1)}px`,
          }}
        />
      )}
    </>
  );
}
