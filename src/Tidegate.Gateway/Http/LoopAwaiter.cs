using System.Runtime.CompilerServices;
using Tidegate.Engine.Loops;

namespace Tidegate.Gateway.Http;

/// <summary>Awaiting it continues on an event loop.</summary>
internal readonly struct LoopAwaiter(EventLoop loop) : INotifyCompletion
{
    public bool IsCompleted => loop.IsCurrent;

    public LoopAwaiter GetAwaiter() => this;

    public void OnCompleted(Action continuation) => loop.Post(continuation);

    public void GetResult()
    {
        // Nothing to give, only a place to be.
    }
}
