using System.IO.Pipelines;
using Tidegate.Engine.Loops;

namespace Tidegate.Gateway.Http;

/// <summary>Runs what continues after an await on an event loop.</summary>
internal sealed class LoopScheduler(EventLoop loop) : PipeScheduler
{
    public override void Schedule(Action<object?> action, object? state) => loop.Post(action, state);
}
