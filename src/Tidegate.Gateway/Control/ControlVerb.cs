using System.Collections.Immutable;

namespace Tidegate.Gateway.Control;

/// <summary>
/// Something that a running gateway can be asked for over its control socket. One class a verb, and a line in
/// <see cref="GatewayServer"/>.
/// </summary>
/// <param name="name">The word that asks for it.</param>
/// <param name="bound">As long as the answer may take. What takes longer is cut off.</param>
internal abstract class ControlVerb(string name, TimeSpan bound)
{
    internal string Name => name;

    internal TimeSpan Bound => bound;

    /// <summary>Answers, line by line.</summary>
    /// <param name="arguments">The words that came after the verb.</param>
    /// <param name="answer">Takes the lines. That there are no more is said when this has returned.</param>
    /// <param name="cancellation">The time is over, or the gateway has ended.</param>
    /// <exception cref="ControlException">It can not be done; whoever asked is told the message.</exception>
    internal abstract Task AnswerAsync(ImmutableArray<string> arguments, ControlAnswer answer, CancellationToken cancellation);
}

/// <summary>What a gateway was asked for can not be done, or the answer broke off. The message is for the one who asked.</summary>
public sealed class ControlException : Exception
{
    /// <param name="message">What is wrong, and the cure.</param>
    public ControlException(string message)
        : base(message)
    {
    }
}
