using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway;

/// <summary>A gateway cannot start. The message names the place and the cure, a line for each if there are several.</summary>
public sealed class GatewayStartException : Exception
{
    /// <summary>Creates the exception.</summary>
    public GatewayStartException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with what caused it.</summary>
    public GatewayStartException(string message, Exception cause)
        : base(message, cause)
    {
    }

    /// <summary>Creates the exception for one place of the configuration file.</summary>
    internal GatewayStartException(ConfigurationError finding, Exception? cause = null)
        : base(finding.ToString(), cause)
    {
        Finding = finding;
    }

    /// <summary>Creates the exception for one service; nothing is added to what is found but its name.</summary>
    internal GatewayStartException(SourcePosition position, ServiceConfiguration service, string problem, string cure, Exception? cause = null)
        : this(new ConfigurationError(position, $"service \"{service.Name}\": {problem}", cure), cause)
    {
    }

    /// <summary>What is wrong, where it is about one place of the configuration file and is known as such; null otherwise.</summary>
    internal ConfigurationError? Finding { get; }

    /// <summary>Runs each of these, and throws what they threw as one, so that an operator sees everything at once.</summary>
    /// <exception cref="GatewayStartException">One of them, or several in the order of the file.</exception>
    internal static async Task ForAllAsync<T>(IEnumerable<T> items, Func<T, Task> run)
    {
        var failures = new List<GatewayStartException>();
        foreach (T item in items)
        {
            try
            {
                await run(item).ConfigureAwait(false);
            }
            catch (GatewayStartException failure)
            {
                failures.Add(failure);
            }
        }

        if (failures.Count > 0)
        {
            throw failures.Count == 1 ? failures[0] : new GatewayStartException(string.Join('\n', failures.SelectMany(failure => failure.Message.Split('\n')).Distinct()), failures[0]);
        }
    }
}
