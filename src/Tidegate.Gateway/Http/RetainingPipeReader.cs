using System.IO.Pipelines;

namespace Tidegate.Gateway.Http;

/// <summary>A reader that Kestrel may complete without what it has not consumed being lost: the connection may go on without it.</summary>
internal sealed class RetainingPipeReader(PipeReader inner) : PipeReader
{
    internal PipeReader Inner { get; } = inner;

    public override void AdvanceTo(SequencePosition consumed) => Inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => Inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => Inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        // The connection completes it, when it knows what becomes of the rest.
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Inner.ReadAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => Inner.TryRead(out result);
}
