"""Where each op of a training step runs on an Ascend 910, as far as published lists establish it.

Sources: the AI Core operator lists of hicann/ge (for the 910B, the nearest complete ones), README marks of
hicann/ops-cv, ops-nn and ops-math for the Atlas training series, MindSpore's kernel registrations for the 910, the
adapter's manual.
"""

from typing import Dict, NamedTuple

CORE, FOLDED, AI_CPU, UNKNOWN, FORBIDDEN, ADAPTER = "AI Core", "folded", "AI CPU", "open", "forbidden", "adapter"


class Place(NamedTuple):
    """Where an op runs, and what to know of it or to do about it."""

    where: str
    remark: str = ""


def _all(where: str, names: str, remark: str = "") -> Dict[str, Place]:
    return {name: Place(where, remark) for name in names.split()}


OPS: Dict[str, Place] = {
    **_all(CORE, "Conv2D Conv2DBackpropInput Conv2DBackpropFilter", "float16 in, float16 or float32 out on the 910"),
    **_all(CORE, "DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput DepthwiseConv2dNativeBackpropFilter"),
    **_all(CORE, "FusedBatchNormV3 FusedBatchNormGradV3", "statistics in float32"),
    **_all(CORE, "FusedBatchNorm FusedBatchNormGrad FusedBatchNormV2 FusedBatchNormGradV2", "statistics in float32"),
    **_all(CORE, "Relu ReluGrad Relu6 Relu6Grad Sigmoid SigmoidGrad Tanh TanhGrad MaxPool MaxPoolGrad MatMul"),
    **_all(CORE, "Mean Sum Max Min Prod"),
    **_all(CORE, "All Any", "the adapter's own loss scale is made of it"),
    **_all(CORE, "ResizeBilinear ResizeBilinearGrad", "in float32; NHWC"),
    **_all(CORE, "ResizeNearestNeighbor ResizeNearestNeighborGrad", "no integer label maps: resize labels on the host"),
    **_all(CORE, "Softmax LogSoftmax SoftmaxCrossEntropyWithLogits"),
    **_all(CORE, "OneHot Cast ArgMax Select GatherV2 Gather"),
    **_all(CORE, "ApplyMomentum ResourceApplyMomentum ApplyGradientDescent ResourceApplyGradientDescent", "in float32"),
    **_all(CORE, "ApplyAdam ResourceApplyAdam ApplyRMSProp ResourceApplyRMSProp L2Loss", "in float32"),
    **_all(
        CORE, "BiasAdd BiasAddGrad AddV2 Add AddN Sub Mul RealDiv Div Maximum Minimum Neg Abs Pow Exp Log Log1p Square"
    ),
    **_all(
        CORE, "Sqrt SqrtGrad Rsqrt RsqrtGrad Reciprocal SquaredDifference FloorMod FloorDiv Floor Sign Cos DivNoNan"
    ),
    **_all(CORE, "Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr LogicalNot ClipByValue"),
    **_all(
        CORE,
        "ConcatV2 Slice StridedSlice StridedSliceGrad Tile Pack Unpack Transpose Pad PadV2 Fill ZerosLike OnesLike",
    ),
    **_all(CORE, "Split SplitV BroadcastTo DepthToSpace SpaceToDepth"),
    **_all(CORE, "Assign AssignAdd AssignSub AssignVariableOp AssignAddVariableOp AssignSubVariableOp"),
    **_all(
        FOLDED, "Reshape ExpandDims Squeeze Identity IdentityN Shape ShapeN Size Rank ConcatOffset Range Const NoOp"
    ),
    **_all(FOLDED, "BroadcastGradientArgs BroadcastArgs PreventGradient StopGradient InvertPermutation Snapshot"),
    **_all(FOLDED, "VariableV2 VarHandleOp ReadVariableOp VarIsInitializedOp"),
    **_all(ADAPTER, "IteratorV2 OneShotIterator IteratorGetNext GetNext"),
    **_all(
        ADAPTER, "NpuAllocFloatStatus NpuGetFloatStatus NpuClearFloatStatus NpuGetFloatStatusV2 NpuClearFloatStatusV2"
    ),
    **_all(ADAPTER, "HcomAllReduce HcomBroadcast HcomAllGather HcomReduceScatter HcomReduce HcomSend HcomReceive"),
    **_all(
        ADAPTER,
        "Switch Merge RefSwitch RefMerge If While StatelessIf Enter Exit NextIteration LoopCond",
        "allowed with static shapes",
    ),
    **_all(CORE, "AvgPool AvgPoolGrad", "in float16 only, else on the AI CPU: take reduce_mean for a global mean"),
    **_all(AI_CPU, "SparseTensorDenseAdd Bincount RandomUniform DropOutGenMask TruncatedNormal RandomStandardNormal"),
    **_all(AI_CPU, "MirrorPad MirrorPadGrad", "on older CANN; its gradient has no kernel: pad on the host"),
    **_all(AI_CPU, "TopKV2 TopK", "in float32; by a threshold and a mask instead"),
    **_all(
        UNKNOWN,
        "SparseSoftmaxCrossEntropyWithLogits",
        "no AI Core kernel is listed; the dense form with one-hot labels is the safe one",
    ),
    **_all(UNKNOWN, "UnsortedSegmentSum ScatterNd", "on the 910B's AI Core; not established for the first 910"),
    **_all(UNKNOWN, "IsFinite", "called unsupported by the manual; always true while overflow saturates"),
    **_all(FORBIDDEN, "Where NonZero Unique UniqueV2", "the shape of what it gives is not known before it runs"),
    **_all(FORBIDDEN, "PyFunc PyFuncStateless EagerPyFunc", "the card has no Python: keep it in the dataset"),
    **_all(FORBIDDEN, "ScalarSummary HistogramSummary ImageSummary MergeSummary", "write summaries on the host"),
    **_all(FORBIDDEN, "SaveV2 RestoreV2 MergeV2Checkpoints ReadFile WriteFile", "files belong to the host"),
    **_all(FORBIDDEN, "DecodePng DecodeJpeg DecodeImage CropAndResize NonMaxSuppressionV3", "keep it in the dataset"),
    **_all(FORBIDDEN, "StringJoin StringFormat AsString PrintV2 Print Assert", "text belongs to the host"),
    **_all(FORBIDDEN, "Timestamp CheckNumerics", "it does not tell on the card what it tells on a host"),
}
